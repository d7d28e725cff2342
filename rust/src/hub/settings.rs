//! Where the hub is, where its files are kept, and who asks: the environment variables of `huggingface_hub`.

use std::path::{Path, PathBuf};
use std::time::Duration;

const DEFAULT_ENDPOINT: &str = "https://huggingface.co";
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
const DEFAULT_PAUSE: Duration = Duration::from_secs(1);
const LARGEST_TOKEN_BYTES: u64 = 4096;

#[derive(Clone)]
pub struct Settings {
    /// Without a slash at its end.
    pub endpoint: String,
    /// The folder with `models--ORG--NAME`.
    pub cache: PathBuf,
    pub token: Option<String>,
    pub offline: bool,
    pub symlinks: bool,
    /// Until the hub answers a question.
    pub answer_timeout: Duration,
    /// Until the next bytes of a file come.
    pub stall_timeout: Duration,
    /// Before the first new attempt; doubled for each further one.
    pub pause: Duration,
}

/// As `huggingface_hub` reads them: what is set but empty counts as not set.
fn flag(value: Option<String>) -> bool {
    value.is_some_and(|text| matches!(text.to_ascii_uppercase().as_str(), "1" | "ON" | "YES" | "TRUE"))
}

fn seconds(value: Option<String>, default: Duration) -> Duration {
    let parsed = value.and_then(|text| text.trim().parse::<f64>().ok());
    parsed.and_then(|number| Duration::try_from_secs_f64(number).ok()).unwrap_or(default)
}

fn clean_token(text: &str) -> Option<String> {
    let token: String = text.chars().filter(|letter| !matches!(letter, '\r' | '\n')).collect();
    let token = token.trim();
    // A header cannot hold anything else.
    (!token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic())).then(|| token.to_string())
}

fn read_token(path: &Path) -> Option<String> {
    let small = std::fs::metadata(path).ok().filter(|file| file.len() <= LARGEST_TOKEN_BYTES);
    small.and_then(|_| std::fs::read_to_string(path).ok()).and_then(|text| clean_token(&text))
}

/// The variables that name the home folder, as Python's expanduser takes them: on Windows, a HOME that a shell of Unix has set
/// does not count.
const HOMES: &[&str] = if cfg!(windows) { &["USERPROFILE"] } else { &["HOME", "USERPROFILE"] };

fn expand(path: String, home: &Path) -> PathBuf {
    let below = path.strip_prefix("~/").or_else(|| path.strip_prefix("~\\").filter(|_| cfg!(windows)));
    match below {
        Some(rest) => home.join(rest),
        None => PathBuf::from(path),
    }
}

impl Settings {
    pub fn from_environment() -> Result<Settings, String> {
        Settings::read(&|name| std::env::var(name).ok())
    }

    pub fn read(variable: &dyn Fn(&str) -> Option<String>) -> Result<Settings, String> {
        let get = |name: &str| variable(name).filter(|text| !text.is_empty());
        let home = HOMES.iter().find_map(|name| get(name)).map(PathBuf::from).unwrap_or_default();
        let root = match get("HF_HOME") {
            Some(path) => expand(path, &home),
            None => get("XDG_CACHE_HOME")
                .map_or(home.join(".cache"), |path| expand(path, &home))
                .join("huggingface"),
        };
        let cache = get("HF_HUB_CACHE").or_else(|| get("HUGGINGFACE_HUB_CACHE"));
        let token_path = get("HF_TOKEN_PATH").map_or(root.join("token"), |path| expand(path, &home));
        let token = get("HF_TOKEN").or_else(|| get("HUGGING_FACE_HUB_TOKEN"));
        let token = match token {
            Some(text) => clean_token(&text),
            None if flag(get("HF_HUB_DISABLE_IMPLICIT_TOKEN")) => None,
            None => read_token(&token_path),
        };
        let endpoint = get("HF_ENDPOINT").unwrap_or_else(|| DEFAULT_ENDPOINT.to_string());
        let endpoint = endpoint.trim_end_matches('/').to_string();
        if !endpoint.starts_with("https://") && !endpoint.starts_with("http://") {
            return Err(format!("HF_ENDPOINT is '{endpoint}'; it must begin with https:// or http://"));
        }
        let cache = cache.map_or(root.join("hub"), |path| expand(path, &home));
        if !cache.is_absolute() && cache.as_os_str().is_empty() {
            return Err("there is no home folder to keep downloads in; set HF_HOME".to_string());
        }
        Ok(Settings {
            endpoint,
            cache,
            token,
            offline: flag(get("HF_HUB_OFFLINE").or_else(|| get("TRANSFORMERS_OFFLINE"))),
            symlinks: !flag(get("HF_HUB_DISABLE_SYMLINKS")),
            answer_timeout: seconds(get("HF_HUB_ETAG_TIMEOUT"), DEFAULT_TIMEOUT),
            stall_timeout: seconds(get("HF_HUB_DOWNLOAD_TIMEOUT"), DEFAULT_TIMEOUT),
            pause: seconds(get("OVENBIRD_HUB_PAUSE"), DEFAULT_PAUSE),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Settings {
        let find =
            |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_string());
        Settings::read(&find).unwrap()
    }

    #[test]
    fn folders_follow_the_variables() {
        let home = (HOMES[0], "/h");
        assert_eq!(read(&[home]).cache, Path::new("/h/.cache/huggingface/hub"));
        assert_eq!(read(&[home, ("XDG_CACHE_HOME", "/x")]).cache, Path::new("/x/huggingface/hub"));
        assert_eq!(read(&[home, ("XDG_CACHE_HOME", "/x"), ("HF_HOME", "~/f")]).cache, Path::new("/h/f/hub"));
        assert_eq!(read(&[home, ("HF_HOME", "/f"), ("HF_HUB_CACHE", "/c")]).cache, Path::new("/c"));
        assert_eq!(read(&[home, ("HUGGINGFACE_HUB_CACHE", "/old")]).cache, Path::new("/old"));
        if cfg!(windows) {
            assert_eq!(read(&[home, ("HOME", "/c/h"), ("HF_HOME", "~\\f")]).cache, Path::new("/h/f/hub"));
        }
    }

    #[test]
    fn endpoints_and_flags() {
        let settings =
            read(&[(HOMES[0], "/h"), ("HF_ENDPOINT", "http://mirror/"), ("HF_HUB_OFFLINE", "yes")]);
        assert_eq!(settings.endpoint, "http://mirror");
        assert!(settings.offline);
        assert!(!read(&[(HOMES[0], "/h"), ("HF_HUB_OFFLINE", "0")]).offline);
        assert!(Settings::read(&|name| (name == "HF_ENDPOINT").then(|| "ftp://x".to_string())).is_err());
        let timed =
            read(&[(HOMES[0], "/h"), ("HF_HUB_DOWNLOAD_TIMEOUT", "2.5"), ("HF_HUB_ETAG_TIMEOUT", "-1")]);
        assert_eq!(
            (timed.stall_timeout, timed.answer_timeout),
            (Duration::from_millis(2500), DEFAULT_TIMEOUT)
        );
    }

    #[test]
    fn tokens() {
        assert_eq!(read(&[(HOMES[0], "/h"), ("HF_TOKEN", " hf_a\n")]).token.as_deref(), Some("hf_a"));
        assert_eq!(read(&[(HOMES[0], "/h"), ("HF_TOKEN", "a b")]).token, None);
        let folder = std::env::temp_dir().join(format!("ovenbird-token-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("token"), "hf_file\n").unwrap();
        let root = folder.to_str().unwrap();
        assert_eq!(read(&[("HF_HOME", root)]).token.as_deref(), Some("hf_file"));
        assert_eq!(read(&[("HF_HOME", root), ("HF_TOKEN", "hf_env")]).token.as_deref(), Some("hf_env"));
        assert_eq!(read(&[("HF_HOME", root), ("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")]).token, None);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
