//! Measures the memory for streaming 200,000 rows: the peak of this process compared with idle. The server is a separate process.
//!
//! Reads `/proc/self/status`, so it needs Linux.

#[cfg(operation = "flows_bindings_list")]
mod bench;

fn main() {
    #[cfg(operation = "flows_bindings_list")]
    bench::main();
}
