"""The laboratory of the system tests: network namespaces, emulated links, NAT routers, traffic and measurements.

It uses only the standard library of Debian 12's Python. One `Lab` object owns everything that a laboratory creates
(namespaces, processes, files) and removes it when its `with` block ends. It ends processes by process id, never by
name.
"""
