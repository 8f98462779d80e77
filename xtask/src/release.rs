//! `cargo xtask release`: checks that a version can be published, and tags it.

use std::path::Path;
use std::process::Command;

use anyhow::Result;
use semver::Version;
use toml_edit::DocumentMut;

use crate::check::{self, Step, Task};
use crate::project::Project;
use crate::sync::{self, files};

/// Links that the registry shows.
const LINKS: [&str; 3] = ["repository", "homepage", "documentation"];
/// Placeholders in links.
const PLACEHOLDERS: [&str; 6] = ["example.com", "example.org", "your-org", "OWNER", "TODO", "placeholder"];

/// The registry's checks. The gate has already checked the contents of the package.
const PACKAGE: [Step; 1] = [Step::cargo("dry run of publishing", "publish --dry-run --locked")];

/// Checks a release, and tags it unless this is a dry run. Only a dry run may skip the gate. Returns whether everything passed.
pub fn run(root: &Path, dry_run: bool, skip_gate: bool) -> Result<bool> {
    let release = Release::read(root)?;
    let problems = release.problems()?;
    if !problems.is_empty() {
        for problem in &problems {
            println!("- {problem}");
        }
        println!("\n{} is not ready for release: see above", release.version);
        return Ok(false);
    }
    println!("{}: files, version and changelog are ready", release.version);
    let gate_passed = skip_gate || check::run(root)?;
    if !gate_passed || !check::run_steps(root, &release.steps()?)? {
        return Ok(false);
    }
    if skip_gate {
        println!("\n{} can be released if the gate passes, which was skipped: `cargo xtask check` runs it", release.version);
        return Ok(true);
    }
    if dry_run {
        println!("\n{} can be released: `cargo xtask release` tags it", release.version);
        return Ok(true);
    }
    let tag = release.tag();
    if release.tagged_commit()?.is_none() {
        release.project.git(&["tag", "--annotate", &tag, "--message", &release.version.to_string()])?;
    }
    println!("\ntagged {tag}: `git push origin {tag}` starts .github/workflows/publish.yml, which publishes it");
    Ok(true)
}

/// A version that is about to be released.
struct Release {
    project: Project,
    manifest: DocumentMut,
    version: Version,
}

impl Release {
    fn read(root: &Path) -> Result<Self> {
        let project = Project::open(root)?;
        let text = project.read(files::MANIFEST)?;
        Ok(Self { version: files::crate_version(&text)?, manifest: text.parse()?, project })
    }

    fn tag(&self) -> String {
        // Registries ignore build metadata, so two releases must differ in the rest of the version.
        format!("v{}.{}.{}", self.version.major, self.version.minor, self.version.patch)
    }

    /// All problems that prevent the release.
    fn problems(&self) -> Result<Vec<String>> {
        let project = &self.project;
        let mut problems = self.bad_links();
        let (_, slice) = project.slice()?;
        if let Err(error) = files::check_agreement(project, &slice) {
            problems.push(format!("{error:#}"));
        }
        if !project.git(&["status", "--porcelain"])?.is_empty() {
            problems.push("the working tree has changes that are not committed\n  help: commit or stash them".into());
        }
        let head = project.git(&["rev-parse", "HEAD"])?;
        if self.tagged_commit()?.is_some_and(|commit| commit != head) {
            let help = "a version can be released only once: run `cargo xtask sync --base` with the last tag, or increase the version";
            problems.push(format!("the tag {} already exists, on another commit\n  help: {help}", self.tag()));
        }
        match self.previous_tag()? {
            // There is no published version to compare with.
            None => problems.extend(sync::status(project, Some("HEAD".into()))?.follow_ups.iter().map(|left| left.in_one_line("`"))),
            Some(previous) => {
                problems.extend(sync::status(project, Some(previous.clone()))?.follow_ups.iter().map(|left| left.in_one_line("`")));
                problems.extend(self.version_problem(&previous)?);
                if !has_semver_checks() {
                    problems.push("cargo-semver-checks is not installed\n  help: cargo install --locked cargo-semver-checks".into());
                }
            }
        }
        Ok(problems)
    }

    /// Checks that the version increases as much as the changes in the generated Rust require.
    fn version_problem(&self, previous: &str) -> Result<Option<String>> {
        let before = files::crate_version(&self.project.read_at(previous, files::MANIFEST)?)?;
        let bump = sync::rust_verdict(&self.project, previous)?;
        let least = files::next_version(&before, bump, self.project.release()?)?;
        let is_enough = self.version.cmp_precedence(&least).is_ge();
        let help =
            "run `cargo xtask sync --base` with that tag, which sets the version, or raise it in Cargo.toml, Cargo.lock and CHANGELOG.md";
        Ok((!is_enough).then(|| {
            format!(
                "the version is {}, but the generated Rust has {bump} changes since {previous}, which need {least}\n  help: {help}",
                self.version
            )
        }))
    }

    fn bad_links(&self) -> Vec<String> {
        let package = self.manifest.get("package").and_then(|package| package.as_table());
        let workspace = self.manifest.get("workspace").and_then(|workspace| workspace.get("package"));
        let problem = |key: &&str| {
            let own = package?.get(key);
            let link = own.and_then(|value| value.as_str()).or_else(|| workspace?.get(key)?.as_str()).unwrap_or_default();
            let is_placeholder = PLACEHOLDERS.iter().any(|placeholder| link.contains(placeholder)) || !link.starts_with("https://");
            is_placeholder.then(|| format!("Cargo.toml: `{key}` is {link:?}\n  help: write the real address there"))
        };
        LINKS.iter().filter_map(problem).collect()
    }

    fn tagged_commit(&self) -> Result<Option<String>> {
        let tag = self.tag();
        if self.project.git(&["tag", "--list", &tag])?.is_empty() {
            return Ok(None);
        }
        self.project.git(&["rev-list", "-n", "1", &tag]).map(Some)
    }

    /// The newest version tag, apart from the one of this version.
    fn previous_tag(&self) -> Result<Option<String>> {
        let tags = self.project.git(&["tag", "--list", "v*", "--merged", "HEAD", "--sort=-version:refname"])?;
        let this = self.tag();
        Ok(tags.lines().find(|tag| *tag != this).map(str::to_owned))
    }

    /// The cargo commands that check the release, which run once the files are ready.
    fn steps(&self) -> Result<Vec<Step>> {
        let mut steps = PACKAGE.to_vec();
        if let Some(previous) = self.previous_tag()? {
            let arguments = format!("semver-checks --package authentik-flow-bindings --baseline-rev {previous}").into();
            steps.push(Step { name: "semver of the public API", task: Task::Cargo(arguments) });
        }
        Ok(steps)
    }
}

/// Whether `cargo semver-checks` is installed, which is checked before the gate runs.
fn has_semver_checks() -> bool {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    Command::new(cargo).args(["semver-checks", "--version"]).output().is_ok_and(|output| output.status.success())
}
