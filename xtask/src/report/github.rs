//! A report as annotations of a GitHub workflow run,
//! <https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions>.

use super::{FollowUp, Invalid, SyncReport, counted, invalid, sides, text, version};
use crate::codegen::locate::locate;
use crate::codegen::reviewed::SLICE;
use crate::diff::Diff;
use crate::diff::rules::Level;
use crate::yaml::to_yaml;

/// The maximum number of annotations: GitHub shows ten of each level, and finding the line of each takes another pass over a document of
/// 1.8 MB.
const LOCATED: usize = 30;

/// The changes in a new document; `text` is the document's text if it was read from a file.
pub fn of_diff(diff: &Diff, text: Option<&str>) -> String {
    annotations(diff, &diff.new.source, text)
}

/// The changes of the checked-in slice, then the manual follow-up.
pub fn of_sync(report: &SyncReport) -> String {
    let Some(diff) = &report.diff else {
        let outcome = format!("::notice title=sync::{}\n", data(text::without_diff(report).trim_end()));
        return outcome + &of_follow_ups(&report.follow_ups, None);
    };
    let slice = to_yaml(&diff.slices[1]);
    annotations(diff, SLICE, Some(&slice)) + &of_follow_ups(&report.follow_ups, Some(&slice))
}

/// The manual follow-up; `slice` is the text of the slice, if it is known.
pub fn of_follow_ups(follow_ups: &[FollowUp], slice: Option<&str>) -> String {
    let each = |FollowUp { id, pointer, text, help, .. }: &FollowUp| {
        let place = pointer.as_deref().map_or_else(String::new, |pointer| position(SLICE, slice, pointer) + ",");
        let at = pointer.as_deref().map_or_else(String::new, |pointer| format!("{pointer}: "));
        format!("::warning {place}title={}::{}\n", property(id), data(&format!("{at}{text}\nhelp: {help}")))
    };
    follow_ups.iter().map(each).collect()
}

/// The file, and the line and column of a pointer if the file's text is known.
fn position(file: &str, text: Option<&str>, pointer: &str) -> String {
    let file = property(file);
    match text.and_then(|text| locate(text, pointer)) {
        Some((line, column)) => format!("file={file},line={line},col={column}"),
        None => format!("file={file}"),
    }
}

fn annotations(diff: &Diff, file: &str, text: Option<&str>) -> String {
    let changes = diff.changes.iter().enumerate().map(|(index, change)| {
        let place = position(file, text.filter(|_| index < LOCATED), &change.pointer);
        let command = match change.level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Info => "notice",
        };
        let wire = change.wire;
        let message = format!(
            "{}\n{}\nold client, new server: {}; new client, old server: {}",
            text::sentence(change),
            change.pointer,
            wire.old_client_on_new_server.as_str(),
            wire.new_client_on_old_server.as_str()
        );
        format!("::{command} {place},title={}::{}\n", property(&change.id), data(&message))
    });
    let left_out = invalid(diff).into_iter().map(|Invalid { source, operations, reason }| {
        let message = format!("{operations}: not compared (invalid in {source})\n{reason}");
        format!("::warning title=not-compared::{}\n", data(&message))
    });
    let (old, new) = sides(diff);
    let summary = format!(
        "{}\nclient of {old} on a server of {new}: {}\nclient of {new} on a server of {old}: {}\nversion of the crate: {}",
        counted(diff),
        diff.wire.old_client_on_new_server.as_str(),
        diff.wire.new_client_on_old_server.as_str(),
        version(diff)
    );
    changes.chain(left_out).collect::<String>()
        + &format!("::notice title={}::{}\n", property(&format!("authentik {old} to {new}")), data(&summary))
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
