// cluster status, cluster reload, cluster stop: asks a running server.
#pragma once

#include <chrono>
#include <string>

// Sends "GET /status" or the like to the control socket `path`, waits for the answer, and prints
// it. Returns the exit status for main(): 0, or 1 if the answer is an error; then it is on standard
// error. However long the answer takes, it is waited for as long as the server answers other
// questions within `patience`.
// Throws std::exception if nobody is there, nobody answers, or the answer cannot be printed.
int ask_server(const std::string& path, const std::string& request,
               std::chrono::milliseconds patience);
