// The command line, the same in every step.
#pragma once

struct Options {
  int workers;      // 1 to 512; unless given, the number of CPUs this process may use
  int port = 8000;  // 0 to 65535; 0 lets the kernel choose a free one
};

// Reads the command line. Ends the process where there is nothing to run: with status 0 after
// --help, and with status 2 after an error, which is explained on standard error.
// See getopt_long(3).
Options parse_options(int argc, char** argv);
