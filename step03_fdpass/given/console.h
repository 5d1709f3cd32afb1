// What this program prints, and the descriptors 0, 1 and 2 that it prints to.
#pragma once

#include <string>

// Call this first. Opens /dev/null for each of the descriptors 0, 1 and 2 that is closed: otherwise
// the next socket would get that number, and say() would write into it. Ignores SIGPIPE, so that a
// broken pipe is an error of the one write(2), not the end of the process.
// Throws std::system_error.
void prepare_console();

// Prints `line` and a newline in one write(2): say() on standard output, complain() on standard
// error. complain() prints control characters as '?', because it may have to quote what came from
// outside, and nobody may add lines to ours. Only the first 4095 bytes are printed. A line that
// could not be written without waiting is dropped, and by a terminal perhaps cut, because a server
// must not stand still when nobody reads what it prints. (It still may if two processes print at
// the same moment into an all but full pipe; and if nobody reads a terminal that is another user's,
// so that we may not open it. That much we accept.) In the background of a terminal that has
// tostop, see termios(3), the process is stopped as any other.
void say(const std::string& line);
void complain(const std::string& line);

// Prints what somebody has asked for, such as --help, and a newline: all of it, however long that
// takes. Closes standard output, for this is the last that the process prints.
// Throws std::system_error if it could not be written, to a full disk perhaps.
void answer(const std::string& text);
