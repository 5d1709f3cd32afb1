// The environment: how the primary tells a new process that it is a worker. See environ(7).
#pragma once

#include <map>
#include <string>
#include <vector>

// Returns a copy of this process's environment, as NAME=value strings, with `changes` in it.
std::vector<std::string> environment_with(const std::map<std::string, std::string>& changes);

// Returns the number in the variable `name`, which is at least 1; 0 if there is no such variable.
// Takes the variable out of the environment, so that programs which this process starts do not
// find it there. (/proc/PID/environ shows the environment as it was at the start.)
// Throws std::invalid_argument if the variable holds anything else.
int take_number(const std::string& name);
