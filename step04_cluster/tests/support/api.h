// Programs that use the cluster as anybody would, one for each promise of its interface: in the
// files api_*.cpp. Each checks itself: ./api NAME exits with 0 if the promise is kept; ./api lists
// them.
//
// A scenario runs in the primary and, since they are the same program, in its workers.
#pragma once

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "cluster/cluster.h"

using cluster::Ending;
using cluster::Query;
using cluster::Worker;
using State = cluster::Worker::State;

// Reports a promise that is not kept.
void expect(bool condition, const char* what, int line);
#define EXPECT(condition) expect((condition), #condition, __LINE__)
bool failed();

// What has happened so far, each with a space behind it.
std::string history();
void note(const std::string& what);

// A server that takes connections and does nothing with them.
std::shared_ptr<net::Connections> idle_server();

// Listens on 127.0.0.1, on a port of the kernel's choice.
void listen_somewhere();

// Does somebody listen there? `address` is like 127.0.0.1:8000.
bool can_connect(const std::string& address);

struct Scenario {
  Scenario(const char* name, void (*function)());
};
#define SCENARIO(name)                                \
  static void name();                                 \
  static const Scenario scenario_##name(#name, name); \
  static void name()
