//! Why something of the hub did not come, in the words of its status codes and headers.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Kind {
    /// No such repository, revision or file, or none that this user may see.
    NotFound = 1,
    Io = 2,
    Internal = 3,
    NoSpace = 4,
    /// What came is not what the hub announced.
    Corrupt = 5,
    Interrupted = 6,
    /// The request is wrong in itself.
    Usage = 7,
    /// The hub could not be reached, or did not answer as one.
    Network = 8,
}

#[derive(Clone, Debug)]
pub struct Failure {
    pub kind: Kind,
    pub text: String,
}

pub type Outcome<T> = Result<T, Failure>;

pub fn fail<T>(kind: Kind, text: impl Into<String>) -> Outcome<T> {
    Err(Failure { kind, text: text.into() })
}

impl Failure {
    pub fn interrupted() -> Failure {
        Failure { kind: Kind::Interrupted, text: "interrupted; what has come so far is kept".to_string() }
    }

    /// A write or rename of `path` that the system refused.
    pub fn of_file(path: &std::path::Path, error: &std::io::Error) -> Failure {
        let full =
            matches!(error.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded);
        let (kind, hint) = match full {
            true => {
                (Kind::NoSpace, "; what has come so far is kept: make room, or move the cache with HF_HOME")
            }
            false => (Kind::Io, ""),
        };
        Failure { kind, text: format!("{}: {error}{hint}", path.display()) }
    }
}

/// What a refused request was for.
pub struct Asked<'a> {
    pub endpoint: &'a str,
    pub repo: &'a str,
    pub revision: &'a str,
    pub file: Option<&'a str>,
    pub has_token: bool,
}

/// The sentence for a status that is no success. `code` and `message` are the hub's own headers.
pub fn refusal(asked: &Asked, status: u16, code: &str, message: &str) -> Failure {
    let Asked { endpoint, repo, revision, .. } = asked;
    let page = format!("{endpoint}/{repo}");
    let login = "put a token of yours (https://huggingface.co/settings/tokens) into HF_TOKEN";
    let said = match message.is_empty() {
        true => String::new(),
        false => format!(" (the hub: {})", printable(message)),
    };
    let text = match (code, status) {
        ("RevisionNotFound", _) => {
            format!("{repo} has no revision '{revision}'; {page}/tree/main shows its branches and tags")
        }
        ("EntryNotFound", _) => {
            format!("{repo} has no file {} at revision {revision}", asked.file.unwrap_or("of that name"))
        }
        ("GatedRepo", _) if asked.has_token => {
            format!("{repo} is gated, and your token's account has not been let in: accept its terms at {page}, then try again{said}")
        }
        ("GatedRepo", _) => format!("{repo} is gated: accept its terms at {page}, then {login}"),
        (_, 401 | 403) if asked.has_token => {
            format!("the hub refuses your token for {repo}: is it mistyped, expired or without the right to read?{said} Make a new one at https://huggingface.co/settings/tokens")
        }
        ("RepoNotFound", _) | (_, 401 | 404) if !asked.has_token => {
            format!("there is no {repo} on {endpoint}, or it is private; check the spelling, and for a private one {login}")
        }
        ("RepoNotFound", _) | (_, 404) => {
            format!("there is no {repo} on {endpoint} that your token may see; check the spelling{said}")
        }
        (_, 403) => format!("the hub refuses {repo}{said}; if it is private, {login}"),
        (_, 429) => format!("the hub asks for fewer requests (429){said}; wait some minutes, or {login}"),
        (_, 500..) => format!("the hub has trouble itself (status {status}){said}; try again later"),
        _ => format!("the hub answers status {status} for {repo}{said}"),
    };
    let kind = if matches!(status, 400..=404) { Kind::NotFound } else { Kind::Network };
    Failure { kind, text }
}

/// A stranger's text for a terminal: one line, nothing that steers it.
pub fn printable(text: &str) -> String {
    text.chars().take(200).map(|letter| if letter.is_control() { '?' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(code: &str, status: u16, has_token: bool) -> Failure {
        let asked = Asked { endpoint: "https://h", repo: "a/b", revision: "main", file: None, has_token };
        refusal(&asked, status, code, "")
    }

    #[test]
    fn each_refusal_has_the_sentence_that_helps() {
        for (code, status, token, words) in [
            ("GatedRepo", 401, false, "accept its terms at https://h/a/b"),
            ("GatedRepo", 403, true, "has not been let in"),
            ("RepoNotFound", 401, false, "or it is private"),
            ("RepoNotFound", 404, true, "that your token may see"),
            ("", 401, true, "refuses your token"),
            ("", 404, false, "check the spelling"),
            ("RevisionNotFound", 404, false, "no revision 'main'"),
            ("", 503, false, "trouble itself"),
            ("", 429, false, "fewer requests"),
        ] {
            let failure = text(code, status, token);
            assert!(failure.text.contains(words), "{code} {status}: {}", failure.text);
        }
        assert_eq!(text("", 503, false).kind, Kind::Network);
        assert_eq!(text("GatedRepo", 403, false).kind, Kind::NotFound);
    }

    #[test]
    fn a_hubs_message_cannot_steer_a_terminal() {
        assert_eq!(printable("a\x1b[2Jb\n"), "a?[2Jb?");
    }
}
