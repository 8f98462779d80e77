//! A report as annotations of a GitHub workflow run,
//! <https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions>.

use super::{counted, sides, text, version};
use crate::diff::Diff;
use crate::diff::rules::Level;

pub fn of_diff(diff: &Diff) -> String {
    let file = property(&diff.new.source);
    let changes = diff.changes.iter().map(|change| {
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
        format!("::{command} file={file},title={}::{}\n", property(&change.id), data(&message))
    });
    let (old, new) = sides(diff);
    let summary = format!(
        "{}\nclient of {old} on a server of {new}: {}\nclient of {new} on a server of {old}: {}\nversion of the crate: {}",
        counted(diff),
        diff.wire.old_client_on_new_server.as_str(),
        diff.wire.new_client_on_old_server.as_str(),
        version(diff)
    );
    changes.collect::<String>() + &format!("::notice title={}::{}\n", property(&format!("authentik {old} to {new}")), data(&summary))
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
