// What the supervisor knows, as text.
#pragma once

#include <string>

#include "supervisor/supervisor.h"

namespace supervisor {

// For people: a table of the workers.
std::string status_as_text(const Supervisor& supervisor);

// For Prometheus: see its exposition format, version 0.0.4.
std::string status_as_metrics(const Supervisor& supervisor);

}  // namespace supervisor
