// Texts of socket errors.
#include "plugins/forward/socket_error.h"

#include <sys/socket.h>

namespace portolan::forward {

SocketAddress local_address(int fd) {
  sockaddr_storage raw{};
  socklen_t size = sizeof raw;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&raw), &size) != 0) return {};
  return SocketAddress::from(reinterpret_cast<const sockaddr*>(&raw));
}

std::string dial_error(std::string_view proto, const std::string& remote, std::string_view what) {
  return "dial " + std::string(proto) + " " + remote + ": " + std::string(what);
}

std::string io_error(std::string_view operation, std::string_view proto, int fd, const std::string& remote,
                     std::string_view what) {
  return std::string(operation) + " " + std::string(proto) + " " + local_address(fd).text() + "->" + remote + ": " +
         std::string(what);
}

}  // namespace portolan::forward
