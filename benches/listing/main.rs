//! Lists 10,000 rows from a server with a latency of 50 ms: `paginate()`, compared with a plain loop over pages, which may miss rows.

#[cfg(operation = "flows_bindings_list")]
mod bench;

fn main() {
    #[cfg(operation = "flows_bindings_list")]
    bench::main();
}
