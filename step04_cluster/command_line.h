// The command line of ./cluster.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cluster/cluster.h"
#include "http/server.h"
#include "net/listen.h"
#include "supervisor/supervisor.h"

struct CommandLine {
  net::Where where;
  std::optional<cluster::Policy> policy;
  supervisor::Options supervisor;
  http::Options http;
  std::string exec;               // the workers' program; empty: this one
  std::vector<std::string> args;  // its arguments
  std::vector<int> fds;           // which workers may listen on
};

// Reads the command line. Ends the process where there is nothing to run: with status 0 after
// --help, and with status 2 after an error, which is explained on standard error.
CommandLine parse_command_line(int argc, char** argv);
