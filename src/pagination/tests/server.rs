//! A server that lists rows with keys of any kind, and sorts strings by a collation, unlike the client.

use std::cmp::Ordering;
use std::sync::{Arc, Mutex};

use reqwest::Url;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A row, with keys of every kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Row {
    pub(super) number: i64,
    pub(super) slug: String,
    pub(super) group: i64,
    pub(super) nullable: Option<i64>,
}

/// How the server sorts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sorting {
    /// By every term of `ordering`.
    AsAsked,
    /// By the first term only. Tied rows are in a different order on each page.
    FirstTerm,
    /// By `group`, ignoring `ordering`. Tied rows are in the order of insertion.
    Fixed,
    /// By `group`, ignoring `ordering`. Tied rows are in a different order on each page.
    FixedWithTies,
}

/// A change of the rows while a request is handled.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) request: usize,
    /// After the server has counted the rows of the page, and before it reads them; otherwise before both.
    pub(super) between_count_and_select: bool,
    pub(super) delete: Vec<usize>,
    pub(super) insert: Vec<Row>,
}

#[derive(Debug)]
pub(super) struct Server {
    pub(super) rows: Vec<Row>,
    pub(super) sorting: Sorting,
    pub(super) largest_page: Option<usize>,
    pub(super) changes: Vec<Change>,
    /// `ordering` and page size of each request.
    pub(super) requests: Vec<(String, usize)>,
}

/// Ignores case and punctuation at the first level, like the collations of PostgreSQL's usual locales.
pub(super) fn collate(a: &str, b: &str) -> Ordering {
    let letters = |text: &str| text.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
    letters(a).cmp(&letters(b)).then_with(|| b.cmp(a))
}

impl Server {
    fn change(&mut self, between_count_and_select: bool) {
        for change in self.changes.clone() {
            if change.request != self.requests.len() || change.between_count_and_select != between_count_and_select {
                continue;
            }
            // Indexes follow the order of the collation, so that neighboring rows are deleted together.
            let mut sorted = self.rows.clone();
            sorted.sort_by(|a, b| collate(&a.slug, &b.slug));
            let deleted = change.delete.iter().filter_map(|index| sorted.get(*index)).collect::<Vec<_>>();
            self.rows.retain(|row| !deleted.contains(&row));
            let new = change.insert.into_iter().filter(|row| self.rows.iter().all(|known| known.number != row.number));
            let new = new.collect::<Vec<_>>();
            self.rows.extend(new);
        }
    }

    fn sorted(&self, ordering: &str, limit: usize) -> Vec<Row> {
        let mut rows = self.rows.clone();
        if matches!(self.sorting, Sorting::FirstTerm | Sorting::FixedWithTies) {
            let seed = u64::try_from(limit).unwrap_or(u64::MAX);
            rows.sort_by_cached_key(|row| fastrand::Rng::with_seed(seed ^ u64::from_be_bytes(row.number.to_be_bytes()) << 20).u64(..));
        }
        let terms = match self.sorting {
            Sorting::AsAsked => ordering,
            Sorting::FirstTerm => ordering.split(',').next().unwrap_or_default(),
            Sorting::Fixed | Sorting::FixedWithTies => "group",
        };
        rows.sort_by(|a, b| terms.split(',').map(|term| compare(term, a, b)).fold(Ordering::Equal, Ordering::then));
        rows
    }

    fn list(&mut self, query: &Url) -> (u16, Value) {
        let get = |name| query.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).unwrap_or_default();
        let (ordering, page): (String, usize) = (get("ordering"), get("page").parse().unwrap());
        let size = get("page_size").parse::<usize>().unwrap();
        self.requests.push((ordering.clone(), size));
        let size = size.min(self.largest_page.unwrap_or(usize::MAX));
        self.change(false);
        let count = self.rows.len();
        let last = count.div_ceil(size).max(1);
        if page > last {
            return (404, json!({ "detail": "Invalid page." }));
        }
        self.change(true);
        let (start, end) = ((page - 1) * size, (page * size).min(count));
        let results = self.sorted(&ordering, page * size).into_iter().take(end).skip(start).collect::<Vec<_>>();
        let pagination = json!({
            "next": if page < last { page + 1 } else { 0 },
            "previous": page - 1,
            "count": count,
            "current": page,
            "total_pages": last,
            "start_index": if count == 0 { 0 } else { start + 1 },
            "end_index": end,
        });
        (200, json!({ "pagination": pagination, "results": results }))
    }
}

fn compare(term: &str, a: &Row, b: &Row) -> Ordering {
    let (term, a, b) = term.strip_prefix('-').map_or((term, a, b), |term| (term, b, a));
    match term {
        "number" => a.number.cmp(&b.number),
        "slug" => collate(&a.slug, &b.slug),
        "nullable" => a.nullable.cmp(&b.nullable),
        _ => a.group.cmp(&b.group),
    }
}

/// Serves the rows until the runtime ends.
pub(super) async fn serve(server: Server) -> (String, Arc<Mutex<Server>>) {
    let server = Arc::new(Mutex::new(server));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let state = Arc::clone(&server);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(respond(stream, Arc::clone(&state)));
        }
    });
    (address, server)
}

/// Handles the one request of a connection.
async fn respond(mut stream: TcpStream, server: Arc<Mutex<Server>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut head).await.unwrap_or(0) == 0 {
            return;
        }
    }
    let head = String::from_utf8(head).unwrap();
    let target = head.split(' ').nth(1).unwrap();
    let (status, body) = server.lock().unwrap().list(&Url::parse(&format!("http://server{target}")).unwrap());
    let body = body.to_string();
    let length = body.len();
    let response = format!(
        "HTTP/1.1 {status} Status\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    );
    let _ = stream.write_all(response.as_bytes()).await;
}
