// The command line of ./cluster.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cluster/cluster.h"
#include "http/server.h"
#include "net/listen.h"
#include "supervisor/supervisor.h"
#include "user.h"

struct CommandLine {
  net::Where where;
  std::optional<cluster::Policy> policy;
  supervisor::Options supervisor;
  http::Options http;
  std::string exec;               // the workers' program; empty: this one
  std::vector<std::string> args;  // its arguments
  std::vector<int> fds;           // which workers may listen on
  std::optional<User> user;       // that the workers run as
  std::string pid_file;           // this and `control`: empty if there is to be none
  std::string control;
  std::size_t max_message_size = 1UL << 20;  // from a worker to its primary
  std::int64_t max_requests = 0;             // for a worker, about; 0: no limit
  std::string question;  // to a running server, "GET /status": that is all, then
  std::chrono::milliseconds patience = std::chrono::seconds(10);  // for its answer
};

// Reads the command line. Ends the process where there is nothing to run: with status 0 after
// --help, and with status 2 after an error, which is explained on standard error.
CommandLine parse_command_line(int argc, char** argv);
