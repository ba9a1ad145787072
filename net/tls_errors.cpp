// OpenSSL keeps errors in a queue for each thread, and SSL_get_error is only right when that queue was empty
// before the operation it is asked about (its manual says so). CAF 0.17 does not empty it, and all its
// connections live on one thread: the end of one TLS connection, or a stranger's failed handshake, made the
// next operation on every other connection look like a failure of the protocol and closed it. So the
// operations that CAF calls are wrapped here. A program's own definition goes before that of a shared library
// (ELF symbol interposition), also for calls from within libcaf_openssl.

#include "net/tls_errors.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <dlfcn.h>

#define TROUPE_EXPORTED extern "C" __attribute__((visibility("default"), used))

namespace {

template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

} // namespace

TROUPE_EXPORTED int SSL_read(SSL* session, void* bytes, int size) {
  static auto* const real = next<int(SSL*, void*, int)>("SSL_read");
  ::ERR_clear_error();
  return real(session, bytes, size);
}

TROUPE_EXPORTED int SSL_write(SSL* session, const void* bytes, int size) {
  static auto* const real = next<int(SSL*, const void*, int)>("SSL_write");
  ::ERR_clear_error();
  return real(session, bytes, size);
}

TROUPE_EXPORTED int SSL_accept(SSL* session) {
  static auto* const real = next<int(SSL*)>("SSL_accept");
  ::ERR_clear_error();
  return real(session);
}

TROUPE_EXPORTED int SSL_connect(SSL* session) {
  static auto* const real = next<int(SSL*)>("SSL_connect");
  ::ERR_clear_error();
  return real(session);
}

namespace troupe::net {

bool keep_tls_errors_apart() {
  // What the dynamic linker finds first is what CAF calls.
  return ::dlsym(RTLD_DEFAULT, "SSL_read") == reinterpret_cast<void*>(&SSL_read);
}

} // namespace troupe::net
