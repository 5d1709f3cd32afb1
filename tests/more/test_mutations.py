"""Wrong programs, which some test must find wrong.

Each is a step of this course with one mistake in it, the kind that people make. If the test that is
named beside it passes all the same, that test proves nothing.
"""
import collections
import fcntl
import os
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).parent.parent.parent

Mutation = collections.namedtuple("Mutation", "step file right wrong caught_by")

MUTATIONS = {
    "nobody calls waitpid": Mutation(
        "step01_fork", "workers.cpp", "(pid = waitpid(-1, &status, WNOHANG)) > 0", "(pid = 0) > 0",
        "test_endings.py::test_a_killed_worker_is_reported_and_the_others_serve_on"),
    "one waitpid for each SIGCHLD": Mutation(
        "step01_fork", "workers.cpp",
        "endings.push_back({pid, describe(status)});",
        "endings.push_back({pid, describe(status)}); break;",
        "test_endings.py::test_workers_that_die_together_are_all_reported"),
    "the signal mask is inherited": Mutation(
        "step01_fork", "workers.cpp", "  sigprocmask(SIG_SETMASK, &none, nullptr);\n", "",
        "test_endings.py::test_a_killed_worker_is_reported_and_the_others_serve_on"),
    "ignored signals stay ignored": Mutation(
        "step01_fork", "workers.cpp", "std::signal(signal, SIG_DFL);", ";",
        "test_endings.py::test_signals_ignored_by_the_parent_work"),
    "workers outlive their primary": Mutation(
        "step01_fork", "workers.cpp", "prctl(PR_SET_PDEATHSIG, SIGKILL);", ";",
        "test_endings.py::test_a_killed_primary_takes_its_workers_along"),
    "a stopped worker is asked, not told": Mutation(
        "step01_fork", "workers.cpp", "kill(worker, SIGKILL);", "kill(worker, SIGTERM);",
        "test_endings.py::test_a_stopped_worker_does_not_hold_up_the_end"),
    "a worker does not look who its parent is": Mutation(
        "step01_fork", "workers.cpp",
        "prctl(PR_SET_PDEATHSIG, SIGKILL);\n  if (getppid() != primary) _exit(1);",
        "usleep(20'000);\n  prctl(PR_SET_PDEATHSIG, SIGKILL);",
        "test_endings.py::test_it_can_be_killed_at_any_moment_of_its_start"),
    "a long line waits for room in the pipe": Mutation(
        "step01_fork", "given/console.cpp", "line.substr(0, PIPE_BUF - 1)", "line",
        "test_console:Console.PrintsNoMoreThanAPipeHasRoomFor"),
    "accept is asked again and again": Mutation(
        "step01_fork", "listener.cpp", "poll(&readable, 1, -1);", "",
        "test_listener:Listener.WaitsForAClientEvenIfItWasMadeNonBlocking"),
    "an unwanted default is computed, and fatal": Mutation(
        "step01_fork", "given/options.cpp", "== 0;\n  const long count", "== 0;\n  if (!is_told) refuse(\"sched_getaffinity\");\n  const long count",
        "test_usage.py::test_it_starts_where_the_usable_cpus_cannot_be_counted"),
    "a terminal is taken for a pipe": Mutation(
        "step01_fork", "given/console.cpp", "isatty(fd) ? write_to_terminal(fd, text) : write_or_drop(fd, text);",
        "write_or_drop(fd, text);", "test_console:Console.DoesNotWaitForATerminalThatNobodyReads"),
    "what is written is not yet on the disk": Mutation(
        "step01_fork", "given/console.cpp", " || std::fclose(stdout) == EOF", "",
        "test_usage.py::test_help_that_cannot_be_written_is_an_error"),
    "closed standard descriptors stay closed": Mutation(
        "step01_fork", "given/console.cpp", "while (fd <= 2)", "while (false)",
        "test_endings.py::test_it_runs_without_descriptors_0_to_2"),
    "printing waits for a reader": Mutation(
        "step01_fork", "given/console.cpp", "if (poll(&output, 1, 0) != 1 || (output.revents & POLLOUT) == 0) return;",
        "",
        "test_endings.py::test_nobody_has_to_read_what_it_prints"),
    "SIGPIPE is not ignored": Mutation(
        "step01_fork", "given/console.cpp", "std::signal(SIGPIPE, SIG_IGN);", "",
        "test_endings.py::test_nobody_has_to_read_what_it_prints"),
    "no SO_REUSEADDR": Mutation(
        "step01_fork", "listener.cpp", "const int yes = 1;", "const int yes = 0;",
        "test_endings.py::test_the_port_is_free_again_after_connections"),
    "closing at once resets the answer": Mutation(
        "step01_fork", "given/http.cpp", "  close_gently(std::move(connection));\n", "",
        "test_http.py::test_the_body_of_a_post_does_not_reset_the_answer"),
    "a head without limit": Mutation(
        "step01_fork", "given/http.cpp", "constexpr std::size_t kMaxHead = 16UL * 1024;",
        "constexpr std::size_t kMaxHead = 1 << 30;",
        "test_http.py::test_a_longer_head_gets_431"),
    "a client is waited for without end": Mutation(
        "step01_fork", "given/http.cpp", "std::max(0, static_cast<int>(left.count()))", "-1",
        "test_http.py::test_no_client_is_waited_for_longer_than_5_seconds"),
    "the time left is rounded down": Mutation(
        "step01_fork", "given/http.cpp", "std::chrono::ceil<", "std::chrono::floor<",
        "test_http.py::test_no_client_is_waited_for_longer_than_5_seconds"),
    "a request may be for nobody": Mutation(
        "step01_fork", "given/http.cpp", "names_its_host(head) ? kOk : kBadRequest", "kOk",
        "test_http:Serve.WantsToBeToldOneHost"),
    "the marker is not removed": Mutation(
        "step02_env", "environment.cpp", "  unsetenv(name.c_str());\n", "",
        "test_environment:TakeNumber.*"),
    "the changed variable stands there twice": Mutation(
        "step02_env", "environment.cpp", "!changes.contains(entry.substr(0, entry.find('=')))",
        "true", "test_environment:EnvironmentWith.Replaces"),
    "the child's end stays open in the primary": Mutation(
        "step03_fdpass", "primary.cpp", "  workers_.push_back({id, pid,",
        "  static std::vector<UniqueFd> kept;\n  kept.push_back(std::move(theirs));\n"
        "  workers_.push_back({id, pid,",
        "test_cluster.py::test_all_processes_hold_one_listening_socket"),
    "the primary's end is inherited": Mutation(
        "step03_fdpass", "primary.cpp", "  keep_on_exec(theirs.get());\n",
        "  keep_on_exec(theirs.get());\n  keep_on_exec(ours.get());\n",
        "test_cluster.py::test_all_processes_hold_one_listening_socket"),
    "a received descriptor is inherited": Mutation(
        "step03_fdpass", "fd_passing.cpp", "recvmsg(socket, &message, MSG_CMSG_CLOEXEC)",
        "recvmsg(socket, &message, 0)",
        "test_fd_passing:FdPassing.TheReceivedDescriptorIsCloseOnExec"),
    "MSG_CTRUNC is ignored": Mutation(
        "step03_fdpass", "fd_passing.cpp", "(message.msg_flags & MSG_CTRUNC) != 0", "false",
        "test_child.py::test_a_worker_without_a_free_descriptor_says_so"),
    "surplus descriptors are forgotten": Mutation(
        "step03_fdpass", "fd_passing.cpp", "(c->cmsg_len - CMSG_LEN(0)) / sizeof(int)", "1",
        "test_fd_passing:FdPassing.SeveralDescriptorsInAMessageAreAnErrorAndAreClosed"),
    "surplus descriptors are closed as one's own": Mutation(
        "step04_cluster", "fd_passing.cpp", "(auto& fd : fds) setsockopt", "(auto& fd : fds) if (false) setsockopt",
        "test_ipc_rude:TheChannel.DoesNotWaitToCloseOneOfSeveralDescriptors"),
    "the descriptor goes with the second part": Mutation(
        "step03_fdpass", "channel.cpp", "rest, fd));\n    while (!rest.empty()) rest.remove_prefix"
        "(send_fd(socket_.get(), rest, -1));", "rest, -1));\n    while (!rest.empty()) "
        "rest.remove_prefix(send_fd(socket_.get(), rest, fd));",
        "test_channel:ChannelTest.CarriesADescriptorWithItsMessage"),
    "the descriptor goes with every part": Mutation(
        "step03_fdpass", "channel.cpp", "send_fd(socket_.get(), rest, -1)",
        "send_fd(socket_.get(), rest, fd)",
        "test_channel:ChannelTest.SendsADescriptorOnceEvenIfTheMessageGoesInParts"),
    "every message of a read gets the descriptor": Mutation(
        "step03_fdpass", "channel.cpp", "if (message.body.value(\"fd\", false))",
        "if (!fds_.empty())",
        "test_channel:HostilePeer.CannotGiveADescriptorToEveryMessageOfARead"),
    "a marker without a channel is accepted": Mutation(
        "step03_fdpass", "child.cpp", "  if (fd == 0) {\n", "  if (fd == 0) return UniqueFd();\n"
        "  if (fd == 0) {\n", "test_child.py::test_a_marker_without_a_channel_is_refused"),
    "any descriptor is taken for a socket": Mutation(
        "step03_fdpass", "child.cpp", "!= IPPROTO_TCP", "== 12345",
        "test_child.py::test_a_worker_refuses_a_bad_answer"),
    "a failed bind is remembered": Mutation(
        "step03_fdpass", "servers.cpp",
        "return bound_.emplace(key, bind_to(address, port)).first->second.get();",
        "bound_[key] = UniqueFd();\n  bound_[key] = bind_to(address, port);\n"
        "  return bound_[key].get();",
        "test_servers:Servers.KeepNothingOfAFailure"),
    "the primary binds for each worker anew": Mutation(
        "step03_fdpass", "servers.cpp", "  if (found != bound_.end()) return found->second.get();\n",
        "  bound_.erase(key);\n", "test_servers:Servers.BindOnceForEveryoneWhoAsksForTheSame"),
    "a hostile worker ends the primary": Mutation(
        "step03_fdpass", "primary.cpp", "    kill(worker.pid, SIGKILL);\n    worker.channel.close();",
        "    throw;", "test_primary.py::test_a_hostile_worker_is_reported_and_killed_and_the_others"
        "_serve_on"),
    "the primary waits for one who does not read": Mutation(
        "step03_fdpass", "primary.cpp", "make_non_blocking(ours.get());", "",
        "test_primary.py::test_a_hostile_worker_is_reported_and_killed_and_the_others_serve_on"),
    "an answer that cannot be sent is taken for a port that cannot be had": Mutation(
        "step03_fdpass", "primary.cpp", "    server = server_for(query);\n",
        "    return worker.channel.send(answer, server_for(query));\n",
        "test_primary.py::test_an_answer_that_cannot_be_sent_is_not_told_as_a_port_that_cannot_be_had"),
    "a closed channel is polled again and again": Mutation(
        "step03_fdpass", "primary.cpp", "if (!is_open) worker.channel.close();", "",
        "test_primary.py::test_a_worker_that_closes_its_channel_blocks_nobody"),
    "a dead worker is waited for": Mutation(
        "step03_fdpass", "primary.cpp", "if (!workers_.empty()) announce();", "",
        "test_primary.py::test_when_the_last_that_did_not_listen_dies_the_others_are_announced"),
    "a job in the background tries to write again and again": Mutation(
        "step04_cluster", "given/console.cpp", "  if (is_handled) std::signal(SIGTTOU, SIG_DFL);\n", "",
        "test_terminal.py::test_a_background_job_that_may_not_write_stops_until_fg"),
    "a terminal that closes asks for a reload": Mutation(
        "step04_cluster", "lib/supervisor/signals.cpp", "  if (!is_terminal_closed) return supervisor_.reload();\n",
        "  return supervisor_.reload();\n", "test_stopping.py::test_it_ends_with_its_terminal_gracefully"),
    "a terminal that closes is said twice, and kills": Mutation(
        "step04_cluster", "lib/supervisor/signals.cpp", "  if (!supervisor_.is_stopping()) supervisor_.stop();\n", "  supervisor_.stop();\n",
        "test_stopping.py::test_it_ends_with_its_terminal_gracefully"),
    "a reload may take a fixed time": Mutation(
        "step04_cluster", "control_client.cpp", "if (is_alive(path, patience)) continue;", "",
        "test_control.py::test_a_reload_may_take_longer_than_the_server_may_be_silent"),
    "an answer may be dropped like any line": Mutation(
        "step04_cluster", "control_client.cpp", "  answer(body);\n", "  say(body);\n",
        "test_control.py::test_an_answer_that_cannot_be_written_is_an_error"),
    "part 1: a slow client holds up the others": Mutation(
        "step04_cluster", "part1_loop.cpp", "    later_.start(delay_in(head_));\n",
        "    usleep(1000 * delay_in(head_).count());\n    later_.start({});\n",
        "test_part1.py::test_three_slow_clients_hold_up_nobody"),
    "part 1: a silent client stays": Mutation(
        "step04_cluster", "part1_loop.cpp", "    patience_.start(patience);\n  }\n  Client(", "  }\n  Client(",
        "test_part1.py::test_a_client_that_does_not_go_on_is_closed"),
    "part 1: a client that has gone keeps its socket": Mutation(
        "step04_cluster", "part1_loop.cpp", "    readable_.wait_until_hung_up();\n", "    readable_.stop();\n",
        "test_part1.py::test_every_socket_is_closed_in_the_end"),
    "part 1: a head may be as long as it likes": Mutation(
        "step04_cluster", "part1_loop.cpp", "head_.size() > kMaxHead", "false",
        "test_part1.py::test_a_head_without_end_is_refused"),
    "part 2: a slow reader's answer waits in memory": Mutation(
        "step04_cluster", "part2_http.cpp", "(piece).substr(0, size)) || left == 0) continue;", "(piece).substr(0, size)) || true) continue;",
        "test_part2.py::test_a_slow_reader_gets_everything_and_costs_no_memory"),
    "all is well where no worker could listen": Mutation(
        "step04_cluster", "lib/cluster/cluster.cpp", "return Primary::failed_to_start ? 1 : 0;", "return 0;",
        "test_hello.py::test_on_a_used_port_it_says_so_and_fails"),
    "the advice is for another program": Mutation(
        "step04_cluster", "lib/cluster/child.cpp", "net::fail(failure)", "loop::fail(std::make_exception_ptr(failure))",
        "test_hello.py::test_on_a_used_port_it_says_so_and_fails"),
    "where close_range is refused, all is inherited": Mutation(
        "step04_cluster", "lib/cluster/child_process.cpp",
        "  if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) == 0) return;\n",
        "  close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);\n  return;\n",
        "test_supervision.py::test_workers_inherit_nothing_but_what_is_meant_for_them"),
    "no IPv6 is one errno": Mutation(
        "step04_cluster", "lib/net/bind.cpp", "if (!socket) return is_shortage(errno);",
        "if (!socket) return errno != EAFNOSUPPORT;",
        "test_cluster.py::test_any_address_means_ipv4_where_there_is_no_ipv6"),
    "what is printed is a guess": Mutation(
        "step04_cluster", "lib/supervisor/members.cpp", "net::every_address()", "\"::\"",
        "test_cluster.py::test_any_address_means_ipv4_where_there_is_no_ipv6"),
    "a counter modulo N in place of the queue": Mutation(
        "step04_cluster", "lib/cluster/dealer.cpp",
        """  while (!waiting_.empty() && !free_.empty()) {
    Worker& worker = take_free_worker();
""", """  while (!waiting_.empty() && !workers_.empty()) {
    static std::size_t turn = 0;
    Worker& worker = const_cast<Worker&>(**std::next(workers_.begin(), turn++ % workers_.size()));
""", "test_hand_over.py::test_at_most_one_connection_waits_for_a_frozen_worker"),
    "what a dead worker has not taken is dropped": Mutation(
        "step04_cluster", "lib/cluster/dealer.cpp",
        "  if (!may_be_dealt_again(connection, worker)) return;", "  return;",
        "test_hand_over.py::test_an_unread_connection_of_a_dead_worker_is_dealt_again"),
    "a connection is dealt again even if it was read from": Mutation(
        "step04_cluster", "lib/cluster/dealer.cpp",
        "now == connection.before", "true",
        "test_hand_over.py::test_a_connection_that_has_been_read_from_is_not_dealt_again"),
    "who has come by a path is cut when a worker dies": Mutation(
        "step04_cluster", "lib/cluster/dealer.cpp", "dead.can_hand_back()", "false",
        "test_path_clients.py::test_what_a_worker_of_ours_has_not_answered_is_dealt_again"),
    "a foreign worker is believed not to have read": Mutation(
        "step04_cluster", "lib/cluster/dealer.cpp", "dead.can_hand_back()", "true",
        "test_path_clients.py::test_what_a_foreign_worker_may_have_read_is_not"),
    "a client's end of file counts as read": Mutation(
        "step04_cluster", "lib/net/traffic.cpp", "info.tcpi_state == kCloseWait ? 1 : 0", "0",
        "test_hand_over.py::test_an_unread_connection_of_a_dead_worker_is_dealt_again"),
    "a connection may kill as many workers as it likes": Mutation(
        "step04_cluster", "lib/cluster/dealer.cpp", "connection.deaths >= most", "false",
        "test_hand_over.py::test_a_connection_that_kills_workers_is_closed_in_the_end"),
    "a server that was held up blames its clients": Mutation(
        "step04_cluster", "lib/http/connections.cpp",
        "loop::post_after_events([self = shared_from_this()] { self->check_times(); });", "check_times();",
        "test_http_clients.py::test_a_server_that_was_held_up_does_not_blame_its_clients"),
    "a write that has just begun is stuck": Mutation(
        "step04_cluster", "lib/http/output.cpp", "progress = uv_now(loop::uv());", "progress = 0;",
        "test_http_output:HttpOutput.AWriteThatHasJustBegunIsNotStuck"),
    "only its own shortage lets it rest": Mutation(
        "step04_cluster", "lib/net/socket.cpp", "    case ENFILE:\n", "",
        "test_shortage.py::test_a_shortage_of_the_whole_machine_delays_an_answer"),
    "a shortage of memory is the channel's fault": Mutation(
        "step04_cluster", "lib/net/socket.cpp", "    case ENOMEM:\n", "",
        "test_shortage.py::test_a_shortage_of_the_whole_machine_delays_an_answer"),
    "the primary closes its copy when it offers": Mutation(
        "step04_cluster", "lib/cluster/dealer.cpp",
        "  offers_[&worker] = {seq, std::move(connection)};", "  offers_[&worker] = {seq, {}};",
        "test_hand_over.py::test_an_offered_connection_is_in_both_processes"),
    "a worker that refuses is asked again at once": Mutation(
        "step04_cluster", "lib/cluster/dealer.cpp", "    rest(worker);\n    hand_off();\n",
        "    become_free(worker);\n", "test_hand_over.py::test_a_worker_that_refuses_is_given_time"),
    "another index is another port": Mutation(
        "step04_cluster", "lib/cluster/utils.cpp", "query.port == 0 ?", "query.port != -2 ?",
        "test_leaving.py::test_a_port_can_be_had_again_after_a_second_attempt_has_failed"),
    "a worker may be in the queue twice": Mutation(
        "step04_cluster", "lib/cluster/handle.cpp",
        "  if (has(worker)) throw ListenError(EADDRINUSE, key_);\n", "",
        "test_hand_over.py::test_a_worker_that_asks_twice_is_told_so"),
    "the last words of a worker are not heard": Mutation(
        "step04_cluster", "lib/cluster/primary.cpp", "  worker->channel().read_last_words();", "  ;",
        "test_hand_over.py::test_an_answer_that_was_in_the_channel_counts"),
    "a policy is asked, and not followed": Mutation(
        "step04_cluster", "lib/cluster/dealer.cpp", "static_cast<std::ptrdiff_t>(choose_(free_))", "0 * choose_(free_)",
        "test_api.py::test_promise[a_policy_is_a_function_that_chooses-rr]"),
    "a lost descriptor is nobody's affair": Mutation(
        "step04_cluster", "lib/ipc/channel.cpp",
        "events_.acknowledged(outgoing_.acknowledged(), false);", "outgoing_.acknowledged();",
        "test_hand_over.py::test_a_connection_that_did_not_arrive_is_offered_to_the_next"),
    "the worker reads before its answer is in the kernel": Mutation(
        "step04_cluster", "lib/cluster/child.cpp",
        "taken_.push_back({server->second.connections, std::move(connection), offer.handed_back});",
        "server->second.connections->take(std::move(connection));",
        "test_worker_offers.py::test_it_does_not_read_before_its_answer_is_in_the_kernel"),
    "NODE_HANDLE_ACK is forgotten": Mutation(
        "step04_cluster", "lib/ipc/channel.cpp",
        "  outgoing_.acknowledge(std::string(fd ? kHandleAck : kHandleNack) + \"\\n\");\n", "",
        "test_worker_offers.py::test_it_answers_an_offer_before_it_serves"),
    "nothing is held back for an acknowledgement": Mutation(
        "step04_cluster", "lib/ipc/send_queue.cpp", "  if (fd != -1) awaiting_ack_ = true;\n",
        "", "test_ipc_channel:TheChannel.HoldsEverythingBackUntilADescriptorIsAcknowledged"),
    "a descriptor is closed while epoll watches it": Mutation(
        "step04_cluster", "lib/ipc/channel.cpp",
        "  watcher_.reset();\n  socket_ = UniqueFd();\n",
        "  socket_ = UniqueFd();\n  watcher_.reset();\n",
        "test_ipc_channel:TheChannel.IsTakenOutOfEpollBeforeItIsClosed"),
    "a received descriptor is closed as one's own": Mutation(
        "step04_cluster", "lib/net/shared_fd.h", "if (lingers()) setsockopt", "if (false) setsockopt",
        "test_ipc_rude:TheChannel.DoesNotWaitToCloseADescriptorThatNobodyWants"),
    "what was not read is left to the kernel": Mutation(
        "step04_cluster", "lib/ipc/channel.cpp", "  drop_unread();\n", "",
        "test_ipc_rude:TheChannel.DoesNotWaitToCloseWhatHasNotBeenRead"),
    "the last words of a worker have no end": Mutation(
        "step04_cluster", "lib/ipc/channel.cpp", "is_open() && left > 0) left -= std::min(left, read_once())",
        "is_open() && read_once() > 0) left = 0",
        "test_ipc_rude:TheChannel.ReadsWhatADeadPeerHasSaidAndNotWhatOthersGoOnSaying"),
    "who reads no more is written to for ever": Mutation(
        "step04_cluster", "lib/ipc/channel.cpp", "if (may_still_write()) give_up", "if (false) give_up",
        "test_ipc_rude:TheChannel.GivesUpOnAPeerThatStopsReadingAndGoesOn"),
    "a worker may send a line of any length": Mutation(
        "step04_cluster", "lib/cluster/worker.cpp", "std::move(events), process.max_message_size)", "std::move(events))",
        "test_bad_input.py::test_a_worker_that_breaks_the_protocol_is_ended[10 MB]"),
    "the signal mask is inherited by a new program": Mutation(
        "step04_cluster", "lib/cluster/child_process.cpp",
        "std::signal(signal, SIG_DFL);\n  let_signals_through();", "std::signal(signal, SIG_DFL);",
        "test_supervision.py::test_the_others_serve_on"),
    "signals that were ignored stay ignored in a new program": Mutation(
        "step04_cluster", "lib/cluster/child_process.cpp",
        "  for (int signal = 1; signal < NSIG; ++signal) std::signal(signal, SIG_DFL);\n", "",
        "test_supervision.py::test_another_program_starts_with_signals_as_they_are_by_default"),
    "the kernel is not told to kill workers with their primary": Mutation(
        "step04_cluster", "lib/cluster/child_process.cpp", "prctl(PR_SET_PDEATHSIG, SIGKILL) == 0",
        "true", "test_stopping.py::test_a_killed_primary_takes_its_workers_along"),
    "a worker goes on without its primary": Mutation(
        "step04_cluster", "lib/cluster/child.cpp", "finish_alone();\n    loop::stop();", "finish_alone();",
        "test_worker.py::test_it_ends_with_its_primary"),
    "a worker goes with its primary when all are told to end": Mutation(
        "step04_cluster", "lib/cluster/child.cpp", "if (signalled_) return finish_alone();", "",
        "test_terminated.py::test_a_request_is_answered_although_the_primary_is_gone"),
    "a worker dies of SIGTERM": Mutation(
        "step04_cluster", "lib/supervisor/agent.cpp", "term_(SIGTERM,", "term_(SIGUSR1,",
        "test_terminated.py::test_one_alone_is_replaced"),
    "whoever leaves because of a signal closes the port": Mutation(
        "step04_cluster", "lib/cluster/handles.cpp", " && !worker.is_signalled();", ";",
        "test_terminated.py::test_the_only_one_is_replaced_and_clients_wait"),
    "any descriptor is taken for a connection": Mutation(
        "step04_cluster", "lib/cluster/child.cpp", " && net::is_connection(connection.get())", "",
        "test_worker_offers.py::test_it_refuses_what_is_no_connection"),
    "nobody answers what Node asks about sockets": Mutation(
        "step04_cluster", "lib/cluster/primary.cpp", "  worker.sockets().answer(question);\n}\n\nvoid Primary::received(Worker& worker, const ipc::SocketNotifyClose", "}\n\nvoid Primary::received(Worker& worker, const ipc::SocketNotifyClose",
        "test_user_sockets.py::test_the_primary_closes_it_and_says_so"),
    "any descriptor is listened on": Mutation(
        "step04_cluster", "lib/cluster/utils.cpp",
        "  if (!is_it) throw ListenError(EADDRINUSE, \"\");\n", "",
        "test_worker_offers.py::test_an_unbound_socket_means_that_the_port_is_in_use"),
    "a false worker is taken for a primary": Mutation(
        "step04_cluster", "lib/cluster/identity.cpp", "  if (channel == 0) {", "  if (false) {",
        "test_worker.py::test_a_false_worker_is_refused"),
    "accept is asked again and again without descriptors": Mutation(
        "step04_cluster", "lib/net/acceptor.cpp", "  watcher_.stop();                  //", "  //",
        "test_cluster.py::test_a_primary_without_free_descriptors_lets_clients_wait"),
    "a listener that was shut down is asked for ever": Mutation(
        "step04_cluster", "lib/net/acceptor.cpp", "  if (is_for_ever(errno)) return give_up(errno);\n", "",
        "test_acceptor:Acceptor.GivesUpAListenerThatCanNeverAcceptAgain"),
    "the primary does not see that a shared socket was shut down": Mutation(
        "step04_cluster", "lib/cluster/shared_handle.cpp", "  end_->wait_until_hung_up();\n", "",
        "test_shut_down.py::test_a_shared_socket"),
    "an error of the network closes a place": Mutation(
        "step04_cluster", "lib/net/socket.cpp", "get(listener, SO_ACCEPTCONN) == 1 && ", "",
        "test_shut_down.py::test_an_error_of_a_socket_for_datagrams_closes_nothing"),
    "failing starts are repeated without a pause": Mutation(
        "step04_cluster", "lib/supervisor/supervisor.cpp",
        "      if (wait.count() > 0) {\n        retry_.start(wait);\n        return false;\n      }\n", "",
        "test_supervision.py::test_failing_restarts_are_limited"),
    "who does not listen has not come": Mutation(
        "step04_cluster", "lib/supervisor/supervisor.cpp", "if (options_.start_timeout.count() == 0) came_up", "if (false) came_up",
        "test_supervision.py::test_workers_need_not_listen_if_nobody_waits_for_that"),
    "messages for nobody vanish": Mutation(
        "step04_cluster", "lib/supervisor/supervisor.cpp", "    worker.unheard(json);", "    ;",
        "test_supervision.py::test_it_says_once_for_each_worker_that_nobody_listens_to_its_messages"),
    "a dead worker stays dead": Mutation(
        "step04_cluster", "lib/supervisor/supervisor.cpp", "while (count(members_, &Member::is_staying) <",
        "while (!has_served_ && count(members_, &Member::is_staying) <",
        "test_supervision.py::test_a_dead_worker_is_replaced"),
    "workers that die in the grace stay dead": Mutation(
        "step04_cluster", "lib/supervisor/supervisor.cpp", "void Supervisor::reconcile() {\n  if (is_shutting_down_)",
        "void Supervisor::reconcile() {\n  if (is_stopping_)",
        "test_operation.py::test_workers_that_die_in_the_grace_are_replaced"),
    "a worker without a channel is kept": Mutation(
        "step04_cluster", "lib/supervisor/supervisor.cpp", "  found->second.timer->start(kLastMoment);\n", "",
        "test_without_channel.py::test_it_is_asked_to_go_and_killed_and_replaced"),
    "an idle connection is closed when its worker leaves": Mutation(
        "step04_cluster", "lib/http/connection.cpp",
        "  if (server_->hand_back()) {\n    if (is_idle && socket_.is_open()) hand_back();\n    return;\n  }\n", "",
        "test_reload.py::test_connections_that_are_kept_alive_go_to_other_workers"),
    "workers hand back without end": Mutation(
        "step04_cluster", "lib/cluster/handles.cpp", "return all < most && its < most / 4;", "return true;",
        "test_hand_back.py::test_the_primary_does_not_adopt_without_end"),
    "one worker hands back for all": Mutation(
        "step04_cluster", "lib/cluster/handles.cpp", " && its < most / 4", "",
        "test_hand_back.py::test_the_primary_does_not_adopt_without_end"),
    "a connection is handed back in the middle of a request": Mutation(
        "step04_cluster", "lib/http/connection.cpp", "state_ == State::kWaiting && output_.is_empty() &&",
        "output_.is_empty() &&", "test_reload.py::test_a_request_that_has_begun_is_answered_first"),
    "an old worker leaves before a new one listens": Mutation(
        "step04_cluster", "lib/supervisor/supervisor.cpp", "member.is_outdated = true;\n  reconcile();",
        "ask_to_leave(member);\n  reconcile();",
        "test_reload.py::test_if_the_new_program_fails_the_old_workers_stay"),
    "a second reload is forgotten": Mutation(
        "step04_cluster", "lib/supervisor/supervisor.cpp", "    reloads_again_ = true;\n", "",
        "test_reload.py::test_a_second_reload_comes_after_the_first"),
    "the socket of a worker that leaves is closed with its queue": Mutation(
        "step04_cluster", "lib/cluster/reuseport_handle.cpp", "    want(true);\n  else if (by_its_own_wish)",
        "    slots_.erase(found);\n  else if (by_its_own_wish)",
        "test_reload.py::test_with_reuseport_what_waits_for_one_that_leaves_is_dealt_to_others"),
    "workers that die young are replaced at once, for ever": Mutation(
        "step04_cluster", "lib/supervisor/backoff.cpp", "  ++deaths_;\n", "",
        "faults/test_faults.py::test_5b_workers_that_are_killed_on_sight_are_not_started_for_ever"),
    "a suspended machine looks like workers that hang": Mutation(
        "step04_cluster", "lib/supervisor/liveness.cpp", "if (member.heard && was_asleep)", "if (false)",
        "test_operation.py::test_a_suspended_machine_kills_nobody"),
    "whoever can open the control socket is its owner": Mutation(
        "step04_cluster", "lib/supervisor/control.cpp", "peer == geteuid() || peer == 0", "true",
        "test_control.py::test_the_kernel_is_asked_who_it_is"),
    "a privileged primary binds whatever it is asked for": Mutation(
        "step04_cluster", "lib/cluster/utils.cpp", "is_trusted || allowed", "true || allowed",
        "test_privileges.py::test_the_primary_binds_for_them_what_its_command_line_allows"),
    "datagrams are the same place as connections": Mutation(
        "step04_cluster", "lib/cluster/utils.cpp", '(query.is_udp() ? "udp:" : "")', "std::string()",
        "test_privileges.py::test_the_primary_binds_for_them_what_its_command_line_allows"),
    "a stranger says who may connect": Mutation(
        "step04_cluster", "lib/cluster/utils.cpp", "is_trusted && query.writable_by_all", "query.writable_by_all",
        "test_privileges.py::test_they_do_not_say_who_may_connect"),
    "a mode is changed by the name of the file": Mutation(
        "step04_cluster", "lib/net/socket_file.cpp",
        "  if (error != 0) throw std::system_error(error, std::generic_category(), path);\n",
        "  if (error != 0) throw std::system_error(error, std::generic_category(), path);\n"
        "  if (mode.writable_by_all) chmod(path.c_str(), 0777);\n",
        "test_socket_file:SocketFile.SomebodyElseMayHaveReplacedItAtOnce"),
    "whatever refuses connections is the file of a dead socket": Mutation(
        "step04_cluster", "lib/net/socket_file.cpp", "!status || !S_ISSOCK(status->st_mode)) return false;",
        "!status) return false;",
        "test_paths.py::test_what_is_no_socket_stays"),
    "a socket that does not listen is dead": Mutation(
        "step04_cluster", "lib/net/socket_file.cpp", "SOCK_DGRAM", "SOCK_STREAM",
        "test_paths.py::test_a_socket_that_does_not_listen_yet_lives"),
    "two servers replace the same file": Mutation(
        "step04_cluster", "lib/net/socket_file.cpp",
        '  const LockFile lock(path + ".starting", S_IRUSR | S_IWUSR, path);\n', "",
        "test_socket_file:SocketFile.IsReplacedByOneServerOnly"),
    "a name is removed whoever has it": Mutation(
        "step04_cluster", "lib/net/socket_file.cpp",
        "status && status->st_dev == device_ && status->st_ino == inode_", "status",
        "test_paths.py::test_the_name_of_a_successor_stays"),
    "a socket goes before its name": Mutation(
        "step04_cluster", "lib/net/bind.h", "  UniqueFd fd;\n  SocketFile file;\n",
        "  SocketFile file;\n  UniqueFd fd;\n", "test_socket_file:SocketFile.GoesBeforeItsSocket"),
    "a long path is cut off": Mutation(
        "step04_cluster", "lib/net/socket_file.cpp",
        "  if (name.size() >= sizeof(address.sun_path)) throw_errno(path);\n",
        "  name.resize(std::min(name.size(), sizeof(address.sun_path) - 1));\n",
        "test_paths.py::test_a_path_that_is_too_long_from_here_is_refused"),
    "a path begins where the primary is": Mutation(
        "step04_cluster", "lib/cluster/utils.cpp", ".address = net::resolve(*path)", ".address = *path",
        "test_paths.py::test_a_path_begins_where_the_server_does"),
    "whoever is the same user may join": Mutation(
        "step04_cluster", "lib/cluster/reuseport_handle.cpp", "bind_for(query_, !is_first)",
        "bind_for(query_, true)", "test_supervision.py::test_a_second_server_is_refused"),
    "the order to die comes before the change of the user": Mutation(
        "step04_cluster", "lib/cluster/child_process.cpp",
        "  drop_privileges(settings);\n  die_with(primary);\n",
        "  die_with(primary);\n  drop_privileges(settings);\n",
        "test_privileges.py::test_they_still_die_with_their_primary"),
    "a shortage in the kernel is the worker's fault": Mutation(
        "step04_cluster", "lib/ipc/channel.cpp", "    if (!is_gone(error)) throw;\n", "",
        "test_shortage.py::test_other_programs_of_the_same_user_delay_an_offer"),
    "a socket that nobody has got stays open": Mutation(
        "step04_cluster", "lib/cluster/reuseport_handle.cpp", "  else if (is_new)\n    slots_.pop_back();\n", "",
        "test_reuseport_handle:ReusePortHandle.KeepsNoNewSocketThatNobodyHasGot"),
    "during a shortage it tries again and again": Mutation(
        "step04_cluster", "lib/ipc/channel.cpp", "watcher_->wait_until_readable();  // writable it is: the loop would burn the CPU\n", "",
        "test_ipc_rude:TheChannel.RestsWhileTheKernelHasNoRoomForADescriptor"),
    "without descriptors it asks again and again": Mutation(
        "step04_cluster", "lib/net/acceptor.cpp", "  if (!is_shortage(errno)) return;", "  return;",
        "faults/test_faults.py::test_7_without_descriptors_nobody_dies_and_nobody_spins"),
    "a pid file is only a file": Mutation(
        "step04_cluster", "lib/net/lock_file.cpp", "LOCK_EX | LOCK_NB", "LOCK_UN",
        "test_privileges.py::test_a_second_server_does_not_start"),
    "any file is a pid file": Mutation(
        "step04_cluster", "pid_file.cpp", "  if (!may_go)", "  if (false)",
        "test_privileges.py::test_what_is_no_pid_is_not_overwritten"),
    "an empty pid file stays": Mutation(
        "step04_cluster", "pid_file.cpp", "  file_.take_over();\n", "",
        "test_privileges.py::test_a_pid_file_without_room_is_an_error_and_goes"),
    "the end waits for workers that are not there": Mutation(
        "step04_cluster", "lib/supervisor/supervisor.cpp",
        "    drain_.stop();\n", "",
        "test_supervision.py::test_it_ends_at_once_while_it_waits_to_start_a_worker"),
    "workers inherit what the primary has inherited": Mutation(
        "step04_cluster", "lib/cluster/child_process.cpp",
        "  if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) == 0) return;\n", "  return;\n",
        "test_supervision.py::test_workers_inherit_nothing_but_what_is_meant_for_them"),
    "a port that waits for a replacement is closed by one who leaves": Mutation(
        "step04_cluster", "lib/cluster/handles.cpp",
        "return was_here && is_wanted", "return is_wanted", "test_leaving.py"),
    "places that nobody needs use up what there is": Mutation(
        "step04_cluster", "lib/cluster/handles.cpp", "const auto unused = longest_unused();", "const auto unused = all_.end();",
        "test_leaving.py::test_a_place_without_workers_is_given_up_for_another"),
    "a socket stays open when its worker has left": Mutation(
        "step04_cluster", "lib/cluster/reuseport_handle.cpp",
        "  else if (by_its_own_wish)\n    slots_.erase(found);\n", "",
        "test_leaving.py::test_with_reuseport_nobody_waits_for_a_worker_that_has_left"),
    "a worker that leaves forgets what it has just taken": Mutation(
        "step04_cluster", "lib/ipc/channel.cpp", "  events_.flushed();\n",
        "  if (!closing_) events_.flushed();\n", "test_worker_offers.py::"
        "test_it_serves_what_it_has_taken_even_if_it_is_asked_to_leave_meanwhile"),
    "a shortage of descriptors is the end": Mutation(
        "step04_cluster", "lib/cluster/dealer.cpp",
        "catch (const std::system_error&) {", "catch (const std::bad_alloc&) {",
        "test_shortage.py::test_a_shortage_of_descriptors_delays_an_offer"),
    "a file stays open that no ledger knows": Mutation(
        "step04_cluster", "lib/loop/loop.cpp", "  static uv_loop_t* const loop = uv_default_loop();\n",
        "  static uv_loop_t* const loop = uv_default_loop();\n"
        '  static FILE* const forgotten = fopen("/proc/self/stat", "re");\n',
        "test_cluster.py::test_it_says_what_happens"),
    "a member of queryServer has another name": Mutation(
        "step04_cluster", "lib/ipc/lines.cpp", 'body["addressType"] =', 'body["address_type"] =',
        "test_node_messages.py::test_a_workers_messages"),
    "a member of an answer has another name": Mutation(
        "step04_cluster", "lib/ipc/lines.cpp", '{"family", is_ipv6', '{"type", is_ipv6',
        "test_node_messages.py::test_a_primarys_messages"),
    "the members of a message are searched one after the other": Mutation(
        "step04_cluster", "lib/ipc/messages.cpp", "using Json = nlohmann::json;", "using Json = nlohmann::ordered_json;",
        "test_message_cost:Decode.TakesNoLongerForManyMembersThanTheirLength"),
    "a message that was repeated endlessly is unwrapped endlessly": Mutation(
        "step04_cluster", "lib/ipc/messages.cpp", " && wrapped < kMaxWrapped", "",
        "test_message_cost:Decode.TakesNoLongerForARepeatedHandleThanItsLength"),
    "an answer without a number is the end": Mutation(
        "step04_cluster", "lib/ipc/messages.cpp", "std::int64_t{1} << 53).value_or(-1);", "std::int64_t{1} << 53).value();",
        "test_messages:Decode.TakesAMemberOfTheWrongTypeForOneThatIsMissing"),
    "a query that makes no sense is carried out": Mutation(
        "step04_cluster", "lib/cluster/handles.cpp", "if (!query.makes_sense) throw", "if (false) throw",
        "test_bad_input.py::test_what_means_nothing_is_ignored[a port that is none]"),
    "two hosts are as good as one": Mutation(
        "step04_cluster", "lib/http/head_check.cpp", "counts.host > 1 || ", "",
        "test_http_clients.py::test_what_could_be_smuggled_is_refused"),
    "HTTP/1.0 may send chunks": Mutation(
        "step04_cluster", "lib/http/head_check.cpp",
        "counts.transfer_encoding > 0 && version_minor == 0", "false",
        "test_http_clients.py::test_what_could_be_smuggled_is_refused"),
    "a quoted string ends at the first quote": Mutation(
        "step04_cluster", "lib/http/grammar.cpp", "    skip(text, '\\\\');", "    // skip(text, '\\\\');",
        "test_http_chunks:HttpChunks.IgnoresExtensions"),
    "extensions of chunks may be as long as they like": Mutation(
        "step04_cluster", "lib/http/chunked_body.cpp", " || overhead_ > most", "",
        "test_http_limits:HttpLimits.RefusesABodyThatIsMostlyChunkSizes"),
    "anything may stand in a trailer": Mutation(
        "step04_cluster", "lib/http/chunked_body.cpp", "is_field_line(line) && !is_of_the_head(line)", "true",
        "test_http_chunks:HttpChunks.IsAsStrictWithTrailersAsWithHeaders"),
    "a tab is no white space": Mutation(
        "step04_cluster", "lib/http/parser.cpp", "if (bytes.find('\\t') == bytes.npos)", "if (true)",
        "test_http_parser:HttpParser.TakesATabForASpaceAroundValues"),
    "a list in two lines is two lists": Mutation(
        "step04_cluster", "lib/http/head_check.cpp",
        "counts.transfer_encoding > 1 ? check_transfer_encodings(request) : refusal", "refusal",
        "test_http_parser:HttpParser.ChecksLengthsItself"),
    "a port is any number": Mutation(
        "step04_cluster", "lib/http/grammar.cpp", "std::uint16_t port = 0;", "std::uint64_t port = 0;",
        "test_http_lines:HttpLines.AHostIsAName"),
    "everybody may ask for the whole server": Mutation(
        "step04_cluster", "lib/http/grammar.cpp", 'method == "OPTIONS"', "true",
        "test_http_lines:HttpLines.AnotherTargetIsRefused"),
    "what is wrong is wrong before all of its line is there": Mutation(
        "step04_cluster", "lib/http/parser.cpp", "return is_begin_of_line(line) ? 0 : HTTP_STATUS_BAD_REQUEST;",
        "return HTTP_STATUS_BAD_REQUEST;", "test_http_lines:HttpLines.NobodyKnowsOtherMethods"),
    "who uses the wrong method is not told the right one": Mutation(
        "step04_cluster", "app.cpp", ', {"Allow", "POST"}', "",
        "test_http_methods.py::test_who_uses_the_wrong_method_learns_the_right_one"),
    "a server that was closed goes on closing": Mutation(
        "step04_cluster", "lib/http/server.cpp", "if (std::exchange(is_closed_, false))", "if (false)",
        "test_http_stop:HttpStop.AServerMayListenAgain"),
    "of two who wait for the end of a server one is forgotten": Mutation(
        "step04_cluster", "lib/http/connections.cpp",
        "stopped_.push_back(std::move(done));", "stopped_.assign(1, std::move(done));",
        "test_http_stop:HttpStop.TellsEverybodyWhoHasAskedForIt"),
    "a refused upload is reset": Mutation(
        "step04_cluster", "lib/http/connection.cpp", "  socket_.linger();", "  socket_.close();",
        "test_http_clients.py::test_a_client_that_reads_only_after_its_upload_learns_why_it_is_refused"),
    "a leading zero makes a number octal": Mutation(
        "step04_cluster", "option_kinds.cpp", "  text.erase(0, std::min(text.find_first_not_of('0'), end - 1));\n",
        "", "test_command_line.py::test_a_leading_zero_changes_nothing"),
    "nan is a number of seconds": Mutation(
        "step04_cluster", "option_kinds.cpp", "if (end == 0 || !is_unit)", "if (!is_unit)",
        "test_command_line.py::test_a_wrong_value_is_refused[--drain-timeout-nan]"),
    "requests are handled for a client that does not read": Mutation(
        "step04_cluster", "lib/http/connection.cpp",
        " && socket_.is_open() && output_.waiting() <= Output::kHighWater;", " && socket_.is_open();",
        "test_http_clients.py::test_clients_that_ask_and_do_not_read_cost_little_memory"),
    "pipelined requests overtake a slow one": Mutation(
        "step04_cluster", "lib/http/connection.cpp",
        "state_ == State::kWaiting || state_ == State::kReading;", "true;",
        "test_http_clients.py::test_pipelined_requests_are_answered_in_order"),
    "an idle connection holds up the end": Mutation(
        "step04_cluster", "lib/http/connection.cpp", "  if (number_ > 0) return socket_.close();\n",
        "  if (number_ > 0) return;\n", "test_stopping.py::test_a_signal_ends_it_gracefully"),
}


@pytest.fixture(scope="module")
def built():
    """Builds each step once; the wrong programs start from its object files. Of tests that run at
    once, one builds, and the others wait."""
    with open(ROOT / "Makefile") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for step in {mutation.step for mutation in MUTATIONS.values()}:
            subprocess.run(["make", "-s", "-j2", "-C", ROOT / step], check=True)


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_wrong_program_is_found_out(name, built, tmp_path):
    mutation = MUTATIONS[name]
    step = shutil.copytree(ROOT / mutation.step, tmp_path / mutation.step, ignore=not_needed)
    source = (step / mutation.file).read_text()
    assert source.count(mutation.right) == 1, f"{mutation.file} has changed: {mutation.right!r}"
    (step / mutation.file).write_text(source.replace(mutation.right, mutation.wrong))

    result = run_gtest(step, mutation) if ":" in mutation.caught_by.replace("::", "") \
        else run_pytest(step, mutation)
    assert result.returncode == 1, f"not noticed by {mutation.caught_by}:\n{result.stdout}"
    shutil.rmtree(step)  # many MB, with what was built


def not_needed(folder, names):
    """Other builds, other Nodes; and the programs of unit tests: make links the one that is asked for."""
    others = {name for name in names if name.startswith(("address,", "node-"))}
    is_build = pathlib.Path(folder).name == "build"
    return others | {name for name in names if is_build and name.startswith("test_") and "." not in name}


def run_gtest(step, mutation):
    program, _, test = mutation.caught_by.partition(":")
    make(step, f"build/{program}")
    # The time-out of coreutils stands for one who waits in vain; its status is not 1, so say so.
    return run(step, "sh", "-c", f"timeout 15 build/{program} --gtest_filter='{test}' || exit 1")


def run_pytest(step, mutation):
    others = {"step03_fdpass": ["pass_one", "build/run_primary"], "step04_cluster": ["hello", "part1_loop", "part2_http", "part4_kept"]}
    programs = ["cluster", *others.get(mutation.step, [])]
    make(step, *programs, *(["build/api"] if mutation.caught_by.startswith("test_api") else []))
    return run(step, "/usr/bin/python3", "-m", "pytest", "-qx", "-p", "no:cacheprovider",
               f"tests/{mutation.caught_by}", PATIENCE="2")


def make(step, *targets):
    # -w: the mistake may leave a variable unused.
    result = run(step, "make", "-s", "-j2", *targets, "CXX=g++ -w")
    assert result.returncode == 0, f"the wrong program does not compile:\n{result.stdout}"


def run(step, *command, **environment):
    inherited = {k: v for k, v in os.environ.items() if k not in ("CLUSTER", "RUN_PRIMARY")}
    return subprocess.run(command, cwd=step, env={**inherited, **environment}, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
