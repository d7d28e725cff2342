#include "base/platform/test_client.hpp"

#ifdef _WIN32
#include <winsock2.h>
#else
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#endif

#include <array>
#include <cstdint>

#include "base/error.hpp"

namespace ovenbird {
namespace {

#ifdef _WIN32
using Number = SOCKET;
constexpr int kNoSignal = 0;
const DWORD kPatience = 20'000;
void start_sockets() {
    WSADATA data;
    (void)::WSAStartup(MAKEWORD(2, 2), &data);
}
void close_socket(Number socket) {
    ::closesocket(socket);
}
#else
using Number = int;
constexpr int kNoSignal = MSG_NOSIGNAL;
const timeval kPatience{20, 0};
void start_sockets() {}
void close_socket(Number socket) {
    ::close(socket);
}
#endif

class Connection {
public:
    explicit Connection(int port) {
        start_sockets();
        socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, reinterpret_cast<const char*>(&kPatience),
                     sizeof kPatience);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<uint16_t>(port));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
            fail(ErrorCode::io, "nobody listens at port {}", port);
    }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection() { close_socket(socket_); }

    void send(std::string_view bytes) const {
        while (!bytes.empty()) {
            const auto sent = ::send(socket_, bytes.data(), static_cast<int>(bytes.size()), kNoSignal);
            if (sent <= 0) fail(ErrorCode::io, "the server does not take what it is sent");
            bytes.remove_prefix(static_cast<size_t>(sent));
        }
    }
    std::string receive() const {
        std::string all;
        std::array<char, 4096> part;
        for (;;) {
            const auto got = ::recv(socket_, part.data(), static_cast<int>(part.size()), 0);
            if (got <= 0) return all;
            all.append(part.data(), static_cast<size_t>(got));
        }
    }

private:
    Number socket_{};
};

}  // namespace

std::string answer_at_port(int port, std::string_view bytes) {
    const Connection connection(port);
    connection.send(bytes);
    return connection.receive();
}

}  // namespace ovenbird
