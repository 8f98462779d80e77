//! What streaming 200,000 rows holds: the peak of this process beside what it had when idle. The server is a process of its own.
//!
//! Reads `/proc/self/status`, so it needs Linux.

#[cfg(operation = "flows_bindings_list")]
mod bench;

fn main() {
    #[cfg(operation = "flows_bindings_list")]
    bench::main();
}
