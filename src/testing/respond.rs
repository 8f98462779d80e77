//! The response to one request: which rows, which method.

use serde_json::{Map, Value, json};

#[cfg(operation = "flows_bindings_list")]
use super::bindings::{self, FieldRules};
use super::fault::HTML;
use super::http;
use super::list::{self, ErrorResponse, OrderRules, Selected, Table};
use super::query::Query;
use super::records::Records;
use super::rows::Rows;
use super::state::{ReceivedRequest, State, TOKEN};

/// Where authentik serves its API.
const PREFIX: &str = "/api/v3";

impl State {
    pub(super) fn respond(&mut self, received: &ReceivedRequest, request: &http::Request) -> http::Response {
        let (status, mut body) = self.handle(received, request).unwrap_or_else(|error| error);
        if let Some(tamper) = self.tamper.as_mut().filter(|_| status == 200) {
            tamper(received, &mut body);
        }
        let (kind, body) = match body {
            _ if status == 204 => ("application/json; charset=utf-8", String::new()),
            Value::Null => ("text/html; charset=utf-8", HTML.to_owned()),
            body => ("application/json; charset=utf-8", body.to_string()),
        };
        let id = format!("{:032x}", received.number);
        let headers = vec![("content-type".into(), kind.into()), ("x-authentik-id".into(), id)];
        http::Response { status, headers, body: body.into_bytes() }
    }

    fn handle(&mut self, received: &ReceivedRequest, request: &http::Request) -> Result<(u16, Value), ErrorResponse> {
        let path = received.path.strip_prefix(PREFIX).unwrap_or_default();
        let method = received.method.as_str();
        #[cfg(operation = "flows_bindings_list")]
        if let Some(key) = path.strip_prefix(bindings::PATH).filter(|key| key.is_empty() || key.ends_with('/')) {
            check(received, request, &["GET", "HEAD"])?;
            return self.bindings(received, key.trim_end_matches('/')).map(|body| (200, body));
        }
        match self.rows.at(path).map(|(records, key)| (records.list.id, key)) {
            None => Err((404, Value::Null)),
            Some((id, None)) => {
                check(received, request, &["GET", "HEAD", "POST"])?;
                if method == "POST" { self.create(id, &request.body) } else { self.list(received, id).map(|body| (200, body)) }
            }
            Some((id, Some(key))) => {
                check(received, request, &["GET", "HEAD", "PUT", "PATCH", "DELETE"])?;
                self.row(method, id, key, &request.body)
            }
        }
    }

    #[cfg(operation = "flows_bindings_list")]
    fn bindings(&mut self, received: &ReceivedRequest, key: &str) -> Result<Value, ErrorResponse> {
        let fields = FieldRules::of(self.release);
        if !key.is_empty() {
            return self.rows.bindings.get(key).map(|binding| fields.row(binding)).ok_or_else(no_such_row);
        }
        let selected = self.select(received, bindings::order_rules(self.release), |rows| Some(&rows.bindings))?;
        let rows = selected.rows.into_iter().filter_map(|row| self.rows.bindings.nth(row)).map(|binding| fields.row(binding));
        Ok(self.pages.body(rows.collect(), selected.pagination))
    }

    fn list(&mut self, received: &ReceivedRequest, id: &'static str) -> Result<Value, ErrorResponse> {
        let records = self.rows.get(id).ok_or_else(no_such_row)?;
        let (sort_terms, key) = (records.sort_terms.clone(), records.list.key_terms().collect::<Vec<_>>());
        let default_order = if self.release.breaks_ties() { key.as_slice() } else { &[] };
        let order = OrderRules { default_order, sort_terms: &sort_terms, conflicting_terms: &[], key: &key };
        let selected = self.select(received, order, |rows| rows.get(id))?;
        let rows = selected.rows.into_iter().filter_map(|row| self.rows.get(id)?.nth(row).cloned());
        Ok(self.pages.body(rows.collect(), selected.pagination))
    }

    fn select<T: Table>(
        &mut self,
        received: &ReceivedRequest,
        order: OrderRules<'_>,
        table: impl Fn(&Rows) -> Option<&T>,
    ) -> Result<Selected, ErrorResponse> {
        let query = Query(&received.query);
        let counted = list::count(&query, table(&self.rows).ok_or_else(no_such_row)?, &self.pages)?;
        for change in self.between_count_and_select.remove(&received.number).unwrap_or_default() {
            change(&mut self.rows);
        }
        list::select(&counted, &query, table(&self.rows).ok_or_else(no_such_row)?, order, &mut self.sorted)
    }

    fn create(&mut self, id: &str, body: &[u8]) -> Result<(u16, Value), ErrorResponse> {
        let records = self.rows.of(id).ok_or_else(no_such_row)?;
        records.insert(object(body)?).map_err(|error| (400, json!({ "detail": error.to_string() })))?;
        Ok((201, records.last().cloned().unwrap_or_default()))
    }

    fn row(&mut self, method: &str, id: &str, key: &str, body: &[u8]) -> Result<(u16, Value), ErrorResponse> {
        let records: &mut Records = self.rows.of(id).ok_or_else(no_such_row)?;
        match method {
            "DELETE" => records.remove(key).map(|_| (204, Value::Null)),
            "PUT" | "PATCH" => records.update(key, &object(body)?).map(|row| (200, row.clone())),
            _ => records.get(key).map(|row| (200, row.clone())),
        }
        .ok_or_else(no_such_row)
    }
}

fn no_such_row() -> ErrorResponse {
    (404, json!({ "detail": "Not found." }))
}

fn object(body: &[u8]) -> Result<Map<String, Value>, ErrorResponse> {
    serde_json::from_slice(body).map_err(|error| (400, json!({ "detail": format!("JSON parse error - {error}") })))
}

/// Rejects what authentik rejects before it looks at the query.
fn check(received: &ReceivedRequest, request: &http::Request, methods: &[&str]) -> Result<(), ErrorResponse> {
    let detail = |status: u16, detail: String| Err((status, json!({ "detail": detail })));
    let accept = received.headers.get("accept").map_or("*/*", String::as_str);
    if !["*/*", "application/*", "application/json"].iter().any(|kind| accept.contains(kind)) {
        return detail(406, "Could not satisfy the request Accept header.".into());
    }
    match request.header("authorization").and_then(|value| value.strip_prefix("Bearer ")) {
        None => detail(403, "Authentication credentials were not provided.".into()),
        Some(token) if token != TOKEN => detail(403, "Token invalid/expired".into()),
        Some(_) if !methods.contains(&received.method.as_str()) => detail(405, format!("Method \"{}\" not allowed.", received.method)),
        Some(_) => Ok(()),
    }
}
