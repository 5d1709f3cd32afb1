// Many processes that share a port: the module `cluster` of Node, in C++.
//
// Its twin is Node's lib/cluster.js, and https://nodejs.org/api/cluster.html describes it. What
// runs, runs in one thread: callbacks are made from run(), one after the other.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cluster/child.h"
#include "cluster/primary.h"
#include "cluster/worker.h"

namespace cluster {

// Which of the two is this process? A worker is one that a primary has started.
bool is_primary();
bool is_worker();

// Waits for events and makes the callbacks, until nothing is left to wait for. Returns the exit
// status for main(): 0; 1 if the workers could not listen (0 in Node); 1 if a callback has thrown
// something, and then it has said so on standard error.
int run();

// How many CPUs this process may use, at least 1: a good number of workers. See
// sched_getaffinity(2).
unsigned cpus();

// ---- In the primary

// Starts a worker, and returns it; it is valid until its `exit` event is over. The worker runs this
// program with these arguments, unless setup_primary() says otherwise, and finds `env` in its
// environment. Throws std::system_error.
Worker& fork(const std::map<std::string, std::string>& env = {});

// Changes how workers are started from now on: what is set in `settings`, the rest stays.
void setup_primary(const Settings& settings);

// Who accepts connections, and who gets them: see policy.h. A change takes effect for what workers
// listen on later. At first it is round_robin(); shared(), if NODE_CLUSTER_SCHED_POLICY is "none".
const Policy& policy();
void set_policy(Policy policy);

// What workers may listen on; see utils.h. A descriptor of the primary, which is Node's
// listen({fd}): those that are named here. Anything else: whatever the primary can, until the first
// place is named here.
void allow_fd(int fd);
void allow_place(const net::Where& where);

// The workers, by id: without those that have exited, and without those that were asked to leave.
// So to ask several to leave, go through a copy of this.
const std::map<int, std::shared_ptr<Worker>>& workers();

// What the workers listen on, and how busy it is.
std::vector<Listening> listening();

// Asks all workers to leave. Calls `done` when the last has exited; never before this returns.
void disconnect(std::function<void()> done = [] {});

// What happens to workers, in this order: `fork`, after fork() has returned; `online`, it runs;
// `listening`, it accepts connections; then `disconnect`, its channel is closed; and `exit`, when
// it is gone from workers() in any case. `death` is the same as `exit`, and what it was called at
// first. `signalled` is not in Node: a signal has told the worker to leave, see Child::terminate().
// It listens no longer, and disconnects when it has finished.
void on_fork(std::function<void(Worker&)> listener);
void on_online(std::function<void(Worker&)> listener);
void on_listening(std::function<void(Worker&, const Query& where)> listener);
void on_signalled(std::function<void(Worker&)> listener);
void on_disconnect(std::function<void(Worker&)> listener);
void on_exit(std::function<void(Worker&, const Ending&)> listener);
void on_death(std::function<void(Worker&)> listener);

// A worker has sent something: any JSON value.
void on_message(std::function<void(Worker&, const std::string& json)> listener);

// A worker, in Node, has given a connection away: process.send(json, socket). `taker` gets it, and
// on_message() nothing then. Without one it is closed. See UserSocket.
void on_socket(std::function<void(Worker&, const std::string& json, UserSocket)> taker);

// ---- In a worker

// This process is cluster::worker(): it can send(), on_message(), on_socket(), disconnect(), id().
// See child.h.

}  // namespace cluster
