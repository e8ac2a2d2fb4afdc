"""The laboratory of the system tests: network namespaces, emulated links, NAT routers, traffic and measurements.

Only the standard library of Debian 12's Python is used. Everything a laboratory makes (namespaces, processes, files)
belongs to one `Lab` object and is gone when its `with` block ends; processes are ended by process id, never by name.
"""
