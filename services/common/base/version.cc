#include "services/common/base/version.h"

namespace rostrum {

const char* const kVersion = ROSTRUM_VERSION;

}  // namespace rostrum
