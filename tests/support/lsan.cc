// What LeakSanitizer must know, in builds with SANITIZE=address only.

// c-ares forgets a few bytes of each lookup that gRPC makes of "localhost".
extern "C" const char* __lsan_default_suppressions() { return "leak:libcares.so\n"; }
