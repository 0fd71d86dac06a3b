//! The plan of the house: who may import whom, where each third party lives, what lies at the top, and under which
//! licences the house stands. Cargo enforces what the manifests say; this test pins what they may say.

#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Each room with the rooms it imports, exactly. The tests may import anything.
const ROOMS: &[(&str, &[&str])] = &[
    ("notify-proto", &[]),
    ("notifyd-lifecycle", &["notify-proto"]),
    ("notifyd-store", &["notify-proto", "notifyd-lifecycle"]),
    ("notifyd-providers", &["notify-proto", "notifyd-lifecycle"]),
    ("notifyd-engine", &["notify-proto", "notifyd-lifecycle", "notifyd-providers", "notifyd-store"]),
    ("notifyd-intake", &["notify-proto", "notifyd-lifecycle", "notifyd-store"]),
    ("notifyd-control", &["notify-proto", "notifyd-engine", "notifyd-lifecycle", "notifyd-store"]),
    (
        "notifyd",
        &[
            "notify-proto",
            "notifyd-control",
            "notifyd-engine",
            "notifyd-intake",
            "notifyd-lifecycle",
            "notifyd-providers",
            "notifyd-store",
        ],
    ),
    ("notifyctl", &["notify-proto"]),
    ("notify-tui", &["notify-proto"]),
];

/// The room that may import everything.
const TESTS: &str = "notify-tests";

/// Third parties that live in these rooms and nowhere else.
const HOMES: &[(&str, &[&str])] = &[
    ("rusqlite", &["notifyd-store"]),
    ("r2d2", &["notifyd-store"]),
    ("r2d2_sqlite", &["notifyd-store"]),
    ("lettre", &["notifyd-providers"]),
    ("tokio-rustls", &["notifyd-providers"]),
    ("url", &["notifyd-lifecycle"]),
    ("axum", &["notifyd-intake"]),
    ("tarpc", &["notify-proto", "notifyd-control"]),
    ("ratatui", &["notify-tui"]),
    ("crossterm", &["notify-tui"]),
    ("clap", &["notifyd", "notifyctl", "notify-tui", TESTS]),
    ("anyhow", &["notifyd", "notifyctl", "notify-tui", TESTS]),
    ("tracing-subscriber", &["notifyd", "notify-tui"]),
    ("tracing-appender", &["notifyd", "notify-tui"]),
];

/// All that may lie at the top.
const TOP: &[&str] = &[
    ".ci",
    ".gitignore",
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "clippy.toml",
    "config",
    "deny.toml",
    "man",
    "notify-tui",
    "notifyctl",
    "notifyd",
    "proto",
    "rust-toolchain.toml",
    "rustfmt.toml",
    "tests",
];

/// What Git and Cargo put there, and what no repository carries.
const NOT_OURS: &[&str] = &[".git", "target"];

/// Packages with what each depends on when it is built; what only its tests need is its own affair.
type Imports = BTreeMap<String, BTreeSet<String>>;

fn top() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn metadata() -> Metadata {
    let mut command = MetadataCommand::new();
    command.manifest_path(top().join("Cargo.toml")).no_deps();
    command.exec().expect("cargo metadata reads the workspace")
}

fn imports(packages: &[Package]) -> Imports {
    let built = |package: &Package| {
        let all = package.dependencies.iter();
        all.filter(|dependency| dependency.kind != DependencyKind::Development)
            .map(|dependency| dependency.name.clone())
            .collect()
    };
    packages.iter().map(|package| (package.name.to_string(), built(package))).collect()
}

/// What of `imports` is not as the tables say, a sentence each.
fn faults(imports: &Imports, rooms: &[(&str, &[&str])], homes: &[(&str, &[&str])]) -> Vec<String> {
    let mut faults = Vec::new();
    let planned: BTreeSet<&str> = rooms.iter().map(|(room, _)| *room).collect();
    for name in imports.keys().filter(|name| *name != TESTS && !planned.contains(name.as_str())) {
        faults.push(format!("the room {name} is not in the plan"));
    }
    for (room, allowed) in rooms {
        let Some(all) = imports.get(*room) else {
            faults.push(format!("the room {room} is missing"));
            continue;
        };
        let ours: BTreeSet<&str> =
            all.iter().map(String::as_str).filter(|name| imports.contains_key(*name)).collect();
        let allowed: BTreeSet<&str> = allowed.iter().copied().collect();
        for extra in ours.difference(&allowed) {
            faults.push(format!("{room} imports {extra}"));
        }
        for gone in allowed.difference(&ours) {
            faults.push(format!("{room} no longer imports {gone}"));
        }
    }
    for (party, homes) in homes {
        let users: BTreeSet<&str> =
            imports.iter().filter(|(_, all)| all.contains(*party)).map(|(name, _)| name.as_str()).collect();
        for user in users.iter().filter(|user| !homes.contains(user)) {
            faults.push(format!("{user} uses {party}, whose home is {}", homes.join(", ")));
        }
        if users.is_empty() {
            faults.push(format!("nobody uses {party}"));
        }
    }
    faults
}

/// What of `names` may not lie at the top.
fn strays<'a>(names: &'a [String], allowed: &[&str]) -> Vec<&'a str> {
    names
        .iter()
        .map(String::as_str)
        .filter(|name| !allowed.contains(name) && !NOT_OURS.contains(name))
        .collect()
}

/// Whether a package under this expression may be used when these licences may. `OR` binds weaker than `AND`; the old
/// form with a slash means `OR`.
fn permitted(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let expression = expression.trim();
    if let Some(inside) = expression.strip_prefix('(')
        && let Some((inside, rest)) = inside.split_once(')')
    {
        return match rest.trim().split_once(' ') {
            None => permitted(inside, allowed),
            Some(("AND", rest)) => permitted(inside, allowed) && permitted(rest, allowed),
            Some((_, rest)) => permitted(inside, allowed) || permitted(rest, allowed),
        };
    }
    let expression = expression.replace('/', " OR ");
    expression.split(" OR ").any(|side| side.split(" AND ").all(|licence| allowed.contains(licence.trim())))
}

/// The strings of `allow = [...]` under `[licenses]`.
fn allowed_licences(deny: &str) -> BTreeSet<String> {
    let section = deny.split("[licenses]").nth(1).expect("deny.toml has [licenses]");
    let list =
        section.split("allow = [").nth(1).and_then(|rest| rest.split(']').next()).expect("allow = [...]");
    let lines = list.lines().map(|line| line.split('#').next().unwrap_or_default());
    lines
        .flat_map(|line| line.split(','))
        .map(|word| word.trim().trim_matches('"').to_owned())
        .filter(|word| !word.is_empty())
        .collect()
}

#[test]
fn every_room_imports_what_the_plan_says() {
    let faults = faults(&imports(&metadata().packages), ROOMS, HOMES);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn nothing_else_lies_at_the_top() {
    let names: Vec<String> = std::fs::read_dir(top())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(strays(&names, TOP), [""; 0]);
    for name in TOP {
        assert!(names.iter().any(|it| it == name), "{name} is missing at the top");
    }
}

#[test]
fn every_licence_is_one_that_deny_toml_allows() {
    let mut command = MetadataCommand::new();
    // Only what is built for this platform is on this machine, and nothing shall be fetched.
    let host = std::process::Command::new("rustc").arg("-vV").output().expect("rustc runs").stdout;
    let host = String::from_utf8(host).unwrap();
    let host = host.lines().find_map(|line| line.strip_prefix("host: ")).expect("rustc names its host");
    command.manifest_path(top().join("Cargo.toml"));
    command.other_options(["--offline", "--filter-platform", host].map(str::to_owned));
    let packages = command.exec().expect("cargo metadata reads the tree").packages;
    let allowed = allowed_licences(&std::fs::read_to_string(top().join("deny.toml")).unwrap());
    let mut used = BTreeSet::new();
    for package in &packages {
        let licence = package.license.as_deref().unwrap_or("none");
        assert!(
            permitted(licence, &allowed),
            "{} is under {licence}, which deny.toml does not allow",
            package.name
        );
        used.extend(licence.replace(['/', '(', ')'], " ").split_whitespace().map(str::to_owned));
    }
    assert!(packages.len() > 100, "the tree was not read");
    let unused: Vec<_> = allowed.iter().filter(|licence| !used.contains(*licence)).collect();
    assert!(unused.is_empty(), "deny.toml allows what nothing is under: {unused:?}");
}

#[test]
fn a_wrong_import_is_found() {
    let plan: &[(&str, &[&str])] = &[("a", &[]), ("b", &["a"]), ("c", &["a"])];
    let homes: &[(&str, &[&str])] = &[("sql", &["b"]), ("http", &["c"])];
    let house = |rooms: &[(&str, &[&str])]| -> Imports {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        rooms.iter().map(|(room, names)| ((*room).to_owned(), set(names))).collect()
    };
    let good = house(&[("a", &["serde"]), ("b", &["a", "sql"]), ("c", &["a", "http"]), (TESTS, &["a", "b"])]);
    assert_eq!(faults(&good, plan, homes), [""; 0]);
    let bad = house(&[("a", &["b", "sql"]), ("b", &["a"]), ("d", &[])]);
    let expected = [
        "the room d is not in the plan",
        "a imports b",
        "the room c is missing",
        "a uses sql, whose home is b",
        "nobody uses http",
    ];
    assert_eq!(faults(&bad, plan, homes), expected);
    let less = house(&[("a", &[]), ("b", &["sql"]), ("c", &["a", "http"])]);
    assert_eq!(faults(&less, plan, homes), ["b no longer imports a"]);
}

#[test]
fn a_stray_file_is_found() {
    let names = ["proto", "notes.txt", ".git", "target"].map(str::to_owned);
    assert_eq!(strays(&names, TOP), ["notes.txt"]);
}

#[test]
fn licences_are_weighed_as_they_are_written() {
    let allowed = ["MIT", "ISC", "Unicode-3.0"].map(str::to_owned).into();
    for good in ["MIT", "GPL-3.0 OR MIT", "MIT/Apache-2.0", "MIT AND ISC", "(MIT OR GPL-3.0) AND Unicode-3.0"]
    {
        assert!(permitted(good, &allowed), "{good}");
    }
    for bad in ["GPL-3.0", "MIT AND GPL-3.0", "none", "(MIT OR ISC) AND GPL-3.0", "MIT WITH exception"] {
        assert!(!permitted(bad, &allowed), "{bad}");
    }
    let deny = "[licenses]\nallow = [\n    \"MIT\", # most\n    \"ISC\",\n]\n";
    assert_eq!(allowed_licences(deny), ["MIT", "ISC"].map(str::to_owned).into());
}
