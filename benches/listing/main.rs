//! 10,000 rows of a server that takes 50 ms for a response: `paginate()` beside the plain loop that loses rows.

#[cfg(operation = "flows_bindings_list")]
mod bench;

fn main() {
    #[cfg(operation = "flows_bindings_list")]
    bench::main();
}
