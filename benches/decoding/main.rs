//! Compares decoding a page of 100 rows into the generated models and into handwritten serde structs.

#[cfg(operation = "flows_bindings_list")]
mod bench;

fn main() {
    #[cfg(operation = "flows_bindings_list")]
    bench::main();
}
