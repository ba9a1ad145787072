#pragma once

namespace troupe::net {

/// Whether the errors of one TLS connection are kept from ending others. To call it also makes the linker
/// take the file that does so.
bool keep_tls_errors_apart();

} // namespace troupe::net
