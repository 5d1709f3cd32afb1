// What primary, child and handles have in common.
//
// Its twin is Node's lib/internal/cluster/utils.js.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "ipc/lines.h"
#include "ipc/messages.h"
#include "net/acceptor.h"
#include "net/bind.h"
#include "net/connections.h"
#include "net/listen.h"
#include "unique_fd.h"

namespace cluster {

// A number for the next message of this process: 0, 1, 2, …
std::int64_t next_seq();

// Requests with the same key share what they listen on: "address:port:addressType:fd", as in Node
// since version 22. If the kernel chooses the port, ":index" as well: the first server of each
// worker shares one port, and the second another.
std::string key_of(const ipc::Query& query);

// The query of a server that wants to listen there. Its path begins at the root: the folder of the
// worker need not be that of the primary.
ipc::Query query_of(const net::Where& where);

// For people: "127.0.0.1:8000", "any:8000", "udp:127.0.0.1:8000", "unix:/run/app.sock".
std::string place_of(const ipc::Query& query);

// The same, with the port that `socket` is bound to.
std::string place_of(const ipc::Query& query, int socket);

// The same for an error: if something else than a socket has that name, it says what. See
// net::describe_path().
std::string describe_place_of(const ipc::Query& query);

// Where `socket` is bound; nothing for a Unix-domain socket. Throws std::system_error.
std::optional<ipc::SocketName> name_of(int socket);

// Workers may ask to listen on this descriptor of the primary. Any other one is refused with
// EACCES: it might be anything. The same with addresses and paths, once one has been named here: a
// primary that may do more than its workers would do it for them. Then, who may connect to a path
// is not for them to say either.
void allow_fd(int fd);
void allow_place(const net::Where& where);

// Returns a socket for `query`: bound, or bound and listening. Port 0 becomes a free one. With
// `fd`, it is a duplicate of that descriptor. Throws ListenError.
net::BoundSocket bind_for(const ipc::Query& query, bool reuse_port = false);
net::BoundSocket listen_for(const ipc::Query& query);

// Accepts on a socket that came from the primary, for `connections`. `broken`: see net::Acceptor.
// Throws ListenError.
std::unique_ptr<net::Acceptor> accept_on(UniqueFd socket, const ipc::Query& query,
                                         const std::shared_ptr<net::Connections>& connections,
                                         std::function<void(int error)> broken);

// listen(2) with the backlog that `query` asks for, by default 511, as in Node. Throws ListenError.
void listen_on(int socket, const ipc::Query& query);

}  // namespace cluster
