//! The promise of a listing, for keys of every kind.

mod keys;
mod server;

use std::sync::OnceLock;

use reqwest::{Method, Request};
use serde::Deserialize;

use super::{Operation, Paginator, SortTerm};
use crate::Client;
use crate::compat::schema::ObjectSchema;
use crate::transport::decode::decode;
use crate::types::Pagination;
use server::Row;

static SCHEMA: ObjectSchema = ObjectSchema { fields: &[], open: true };

#[derive(Deserialize)]
struct Page {
    pagination: Pagination,
    results: Vec<Row>,
}

const NUMBER: SortTerm<Row> = SortTerm { name: "number", property: "number", value: |row| (&row.number).into() };
const SLUG: SortTerm<Row> = SortTerm { name: "slug", property: "slug", value: |row| (&row.slug).into() };
const GROUP: SortTerm<Row> = SortTerm { name: "group", property: "group", value: |row| (&row.group).into() };
const NULLABLE: SortTerm<Row> = SortTerm { name: "nullable", property: "nullable", value: |row| (&row.nullable).into() };

const fn operation(key: &'static [SortTerm<Row>]) -> Operation<Row> {
    Operation {
        id: "rows_list",
        key,
        sort_terms: &[NUMBER, SLUG, GROUP, NULLABLE],
        reliable_terms: &["number", "slug"],
        partition: None,
        schema: &SCHEMA,
        version_markers: &[],
        decode_page: |body| decode(body).map(|page: Page| (page.pagination, page.results)),
        decode_rows: decode,
        decode_row: decode,
    }
}

static BY_NUMBER: Operation<Row> = operation(&[NUMBER]);
static BY_SLUG: Operation<Row> = operation(&[SLUG]);
static BY_GROUP: Operation<Row> = operation(&[GROUP]);
static BY_GROUP_AND_NUMBER: Operation<Row> = operation(&[GROUP, NUMBER]);
static BY_GROUP_AND_SLUG: Operation<Row> = operation(&[GROUP, SLUG]);
static BY_NULLABLE: Operation<Row> = operation(&[NULLABLE]);

/// A listing of a server's rows, in any requested order.
fn paginate(address: &str, query: &str, operation: &'static Operation<Row>) -> Paginator<Row> {
    static TRANSPORT: OnceLock<reqwest::Client> = OnceLock::new();
    let transport = TRANSPORT.get_or_init(|| {
        #[cfg(feature = "rustls")]
        let _ = rustls::crypto::ring::default_provider().install_default();
        reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap()
    });
    let client = Client::builder(address).token("not-a-real-token").retries(0).http_client(transport.clone()).build().unwrap();
    let request = Request::new(Method::GET, format!("{address}/rows/?{query}").parse().unwrap());
    Paginator::new(client, Ok(request), operation, super::open)
}
