#pragma once

#include "gateway/http/message.h"

namespace rostrum::http {

// Compresses the body with gzip if the client accepts it, the type is one that shrinks, it
// has at least 1 KiB, and the response allows it (`compressible`, no Content-Encoding or
// no-transform yet, not a stream). Every response that could have been compressed gets
// Vary: Accept-Encoding. A strong ETag becomes weak, because the bytes are no longer those
// that it was made for.
void MaybeCompress(const HttpHeaders& request, HttpResponse& response);

// True if Accept-Encoding allows gzip (RFC 9110, 12.5.3). No header, no gzip.
bool AcceptsGzip(const HttpHeaders& request);

// Adds Vary: Accept-Encoding.
void AddVaryByEncoding(HttpHeaders& response);
// Says in the headers that the body is compressed: Content-Encoding, and a weak ETag in place
// of a strong one.
void DeclareGzip(HttpHeaders& response);

}  // namespace rostrum::http
