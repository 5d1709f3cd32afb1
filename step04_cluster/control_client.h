// cluster status, cluster reload, cluster stop: asks a running server.
#pragma once

#include <string>

// Sends "GET /status" or the like to the control socket `path`, waits for the answer, and prints
// it. Returns the exit status for main(): 0, or 1 if the answer is an error; then it is on standard
// error. Throws std::system_error if nobody is there, or nobody answers.
int ask_server(const std::string& path, const std::string& request);
