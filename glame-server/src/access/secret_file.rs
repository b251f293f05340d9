use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use glame_core::access::{ServerSecret, ShortSecret};
use glame_core::ports::{NoRandomness, SecretSource};

/// Tells why a secret could not be kept in a file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretFileError {
    /// The file cannot be read or made.
    #[error("cannot keep the server's secret in {path}; set GLAME_AUTH_SECRET instead")]
    Unusable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file has no secret in it.
    #[error("{path} holds no secret of the server; remove it, and a new one is made")]
    Short {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: ShortSecret,
    },
    /// No secret can be drawn.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

/// Reads the secret of the server from the file beside an SQLite database; makes it the first time.
///
/// The file is `<database>.secret`, and only its owner may read it. Of several processes that start
/// at once, one makes it.
pub fn secret_beside(
    database: &Path,
    secrets: &dyn SecretSource,
) -> Result<ServerSecret, SecretFileError> {
    let mut name = database.as_os_str().to_owned();
    name.push(".secret");
    let path = PathBuf::from(name);
    let unusable = |source| SecretFileError::Unusable {
        path: path.clone(),
        source,
    };
    if !path.try_exists().map_err(unusable)? {
        let mut bytes = [0; 40];
        secrets.fill(&mut bytes)?;
        let (secret, nonce) = bytes.split_at(32);
        make(&path, &digits(secret), &digits(nonce)).map_err(unusable)?;
    }
    let text = fs::read_to_string(&path).map_err(unusable)?;
    ServerSecret::parse(&text).map_err(|source| SecretFileError::Short { path, source })
}

/// Makes the file whole or not at all, unless somebody else has.
fn make(path: &Path, secret: &str, nonce: &str) -> io::Result<()> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".{nonce}"));
    let draft = PathBuf::from(draft);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft)?;
    let written = file
        .write_all(format!("{secret}\n").as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::hard_link(&draft, path));
    fs::remove_file(&draft)?;
    match written {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        outcome => outcome,
    }
}

fn digits(bytes: &[u8]) -> String {
    let digits = |text, byte: &u8| format!("{text}{byte:02x}");
    bytes.iter().fold(String::new(), digits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::SystemSecrets;

    #[test]
    fn the_secret_is_made_once_and_only_its_owner_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("glame.db");
        secret_beside(&database, &SystemSecrets).unwrap();
        let path = folder.path().join("glame.db.secret");
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.trim().len(), 64);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        secret_beside(&database, &SystemSecrets).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
        assert_eq!(folder.path().read_dir().unwrap().count(), 1);
    }

    #[test]
    fn a_short_secret_and_a_missing_folder_are_told() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("glame.db.secret"), "abc").unwrap();
        let short = secret_beside(&folder.path().join("glame.db"), &SystemSecrets);
        assert!(matches!(short, Err(SecretFileError::Short { .. })));
        let missing = secret_beside(&folder.path().join("no/glame.db"), &SystemSecrets);
        assert!(matches!(missing, Err(SecretFileError::Unusable { .. })));
    }
}
