"""The rows that are not asked of both systems, and why. The others are the tests in this folder."""

JAVASCRIPT = "a matter of JavaScript"
OPTION = "no option of our interface; the message carries it"
NO_UDP = "our workers have no UDP; for workers in Node: "
WORKERS = "test_node_workers.py::"

LEFT_OUT = {
    "F9": ("Extra pipes for a worker", OPTION),
    "E7": ("fork is told after fork() has returned", "events_come_in_order in api_events.cpp: a driver "
           "cannot see it from outside"),
    "E8": ("Child visible to diagnostics", JAVASCRIPT),
    "E9": ("Error event mirrored", JAVASCRIPT),
    "L8": ("Backlog", OPTION),
    "L9": ("listen() without a port", "the port is not optional in C++; in a message: test_messages.cpp"),
    "L11": ("Paths", "our server has TCP only; for workers in Node: " + WORKERS +
            "test_a_path_is_shared_and_its_file_goes_with_the_last_worker"),
    "L12": ("exclusive", OPTION),
    "L13": ("reusePort", "the policy reuseport is ours, and different: test_cluster.py::"
            "test_with_reuseport_each_worker_has_a_socket_of_its_own"),
    "L14": ("listen() on a descriptor of the primary", "our server has no such option; for workers in Node: " + WORKERS +
            "test_a_descriptor_that_is_allowed_is_shared"),
    "L15": ("listen() on a handle", JAVASCRIPT),
    "L18": ("listen() twice", "two ports in ours: a_server_may_listen_on_two_ports in api_listening.cpp"),
    "U1": ("UDP is always shared", NO_UDP + WORKERS + "test_datagrams_arrive_at_a_shared_socket"),
    "U2": ("Explicit bind(0) shares, implicit does not", NO_UDP + "their own affair"),
    "U3": ("UDP options", NO_UDP + "passed on, not tested"),
    "U4": ("UDP index", NO_UDP + "their own affair"),
    "U5": ("UDP races", NO_UDP + "their own affair"),
    "M7": ("An exception in a callback", "ends our loop, on purpose: an_exception_in_a_callback_ends_the_loop "
           "in api_settings.cpp"),
    "M8": ("Rich serialisation", JAVASCRIPT),
    "H3": ("A socket sent upwards", "workers of ours send none; from workers in Node: test_user_sockets.py"),
    "H4": ("Sockets both ways at once", "workers send no sockets; acknowledgements cross: test_ipc_channel.cpp"),
    "H5": ("The same descriptor twice", "descriptors are not sent by programs; test_ipc_channel.cpp"),
    "H8": ("server.close() waits for sockets that were given away", "programs of ours give none; Node is answered: "
           "test_user_sockets.py"),
    "D7": ("Outgoing connections keep a worker alive", "our loop runs as long as anything is waited for"),
    "D8": ("disconnect() in an error handler", "test_node_workers.py, api_leaving.cpp"),
    "D9": ("destroy() in the worker", JAVASCRIPT),
    "P3": ("A handler for uncaught errors", JAVASCRIPT),
    "R8": ("Domains", JAVASCRIPT),
    "S2": ("exec, args, silent", "settings_add_up_and_hold_for_later_workers_only and a_silent_worker_prints_nothing "
           "in api_settings.cpp"),
    "S4": ("stdio", OPTION),
    "S5": ("uid, gid", "a_worker_can_be_another_user in api_settings.cpp: Node's script would have to be readable"),
    "S6": ("serialization", "json alone: test_worker.py"),
    "S7": ("windowsHide", "Linux has no console windows"),
    "K3": ("maxConnections", OPTION),
    "K4": ("TLS tickets are shared", "our server has no TLS; for workers in Node: " + WORKERS +
           "test_tls_servers_share_their_ticket_keys"),
    "X1": ("Inspector ports", JAVASCRIPT),
}
