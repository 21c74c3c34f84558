"""The application: pages, HTTP interface, stream, run queue, store and command line. It starts runs only through `queue`."""
