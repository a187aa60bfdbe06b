// What LeakSanitizer must know, in builds with SANITIZE=address only.

// c-ares forgets a few bytes of each lookup that gRPC makes of "localhost". libpqxx 6.4
// asks a connection for its encoding before it owns a result: on a connection that has
// died this throws, and the result is lost. (What our code keeps of a result is libpqxx's
// own object, which is still reported.) OpenSSL keeps the errors of a thread until the thread ends,
// and gRPC's threads may end while leaks are looked for; so no object of OpenSSL's is reported.
extern "C" const char* __lsan_default_options() { return "print_suppressions=0"; }
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libcares.so\nleak:libpq.so\nleak:CRYPTO_zalloc\n";
}
