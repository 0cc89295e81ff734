//! Files that are there whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::Error;

/// Writes `bytes` to the file at `path` so that a reader, also one after a crash, finds what was there before or all
/// of `bytes`, and never a part: a temporary file in the same folder, synchronised, then renamed.
///
/// A link is followed, and what it points to replaced. What is no regular file (a pipe, a terminal, `/dev/null`)
/// can't be replaced and is written to directly.
///
/// # Errors
/// [`Error::Write`] with the path and the reason; the temporary file is gone then.
///
/// ```
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("note.txt");
/// mlp::atomic_file::write(&path, b"first")?;
/// mlp::atomic_file::write(&path, b"second")?;
/// assert_eq!(std::fs::read(&path)?, b"second");
/// assert_eq!(std::fs::read_dir(folder.path())?.count(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write(path: impl AsRef<Path>, bytes: &[u8]) -> Result<(), Error> {
    let path = path.as_ref();
    write_or_reason(path, bytes).map_err(|source| Error::Write { path: path.to_owned(), source })
}

/// Makes sure, before the work is done whose result is to be written, that [`write()`] could write to `path` now.
///
/// # Errors
/// [`Error::Write`] with the path and the reason.
///
/// ```
/// let folder = tempfile::tempdir()?;
/// assert!(mlp::atomic_file::check_writable(folder.path().join("new.txt")).is_ok());
/// assert!(mlp::atomic_file::check_writable(folder.path().join("no such folder/new.txt")).is_err());
/// assert_eq!(std::fs::read_dir(folder.path())?.count(), 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn check_writable(path: impl AsRef<Path>) -> Result<(), Error> {
    let path = path.as_ref();
    let check = || match Destination::of(path)? {
        Destination::Replace(path) => temporary_beside(&path).map(drop),
        Destination::Direct => fs::OpenOptions::new().write(true).open(path).map(drop),
    };
    check().map_err(|source| Error::Write { path: path.to_owned(), source })
}

/// How a path is written to.
enum Destination {
    /// Put a new file at this path, whose links are resolved.
    Replace(PathBuf),
    /// Open it and write: a device or a pipe.
    Direct,
}

impl Destination {
    fn of(path: &Path) -> io::Result<Self> {
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => {
                Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder; name a file in it"))
            }
            Ok(metadata) if metadata.is_file() && metadata.permissions().readonly() => Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                "the file that is there is read-only; make it writable or choose another name",
            )),
            Ok(metadata) if metadata.is_file() => fs::canonicalize(path).map(Self::Replace),
            Ok(_) => Ok(Self::Direct),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::Replace(path.to_owned())),
            Err(error) => Err(error),
        }
    }
}

fn write_or_reason(path: &Path, bytes: &[u8]) -> io::Result<()> {
    match Destination::of(path)? {
        Destination::Direct => fs::OpenOptions::new().write(true).open(path)?.write_all(bytes),
        Destination::Replace(path) => {
            let mut temporary = temporary_beside(&path)?;
            temporary.write_all(bytes)?;
            temporary.as_file().sync_all()?;
            temporary.persist(&path).map_err(|error| error.error)?;
            // The rename itself reaches the disk with the folder. Not every file system can do this, and the file
            // is in place by now.
            let _ = File::open(folder_of(&path)).and_then(|folder| folder.sync_all());
            Ok(())
        }
    }
}

/// A new file in the folder of `path`, removed when dropped.
fn temporary_beside(path: &Path) -> io::Result<tempfile::NamedTempFile> {
    let Some(name) = path.file_name() else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it does not name a file"));
    };
    let folder = folder_of(path);
    if !folder.is_dir() {
        let reason = format!("the folder {} does not exist; create it first", folder.display());
        return Err(io::Error::new(io::ErrorKind::NotFound, reason));
    }
    let mut prefix = std::ffi::OsString::from(".");
    prefix.push(name);
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).suffix(".mlp.tmp");
    #[cfg(unix)]
    {
        // As any new file: what the process's mask leaves of it, not tempfile's own 0600.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let message = write(folder.path(), b"x").unwrap_err().to_string();
        assert!(message.starts_with("cannot write ") && message.contains("it is a folder"), "{message}");
        assert!(folder.path().is_dir());
    }

    #[test]
    fn a_read_only_file_is_refused_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kept");
        fs::write(&path, b"old").unwrap();
        let mut permissions = fs::metadata(&path).unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions(&path, permissions).unwrap();
        assert!(check_writable(&path).is_err());
        assert!(write(&path, b"new").unwrap_err().to_string().contains("read-only"));
        assert_eq!(fs::read(&path).unwrap(), b"old");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link_and_a_device_a_device() {
        use std::os::unix::fs::FileTypeExt;
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        fs::write(&real, b"old").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        write(&link, b"new").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&real).unwrap(), b"new");

        write("/dev/null", b"gone").unwrap();
        assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
    }

    #[cfg(unix)]
    #[test]
    fn a_new_file_can_be_read_as_any_other() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (ours, plain) = (folder.path().join("ours"), folder.path().join("plain"));
        write(&ours, b"").unwrap();
        fs::write(&plain, b"").unwrap();
        let mode = |path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&ours), mode(&plain));
    }

    #[test]
    fn a_name_without_a_folder_is_in_the_current_one() {
        assert_eq!(folder_of(Path::new("a.mlp")), Path::new("."));
        assert!(write("", b"x").is_err());
        assert!(write("..", b"x").is_err());
    }
}
