//! Files that are there whole or not at all.

use std::ffi::{OsStr, OsString};
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
/// A process that is killed while it writes leaves the temporary file, which [`remove_abandoned`] removes.
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

/// Removes the temporary files that writes to `path` have left whose processes were killed, and says how many there were.
///
/// [`write()`] holds a lock on its temporary file, which the system takes back when the process ends, in whatever way. What can
/// be locked is nobody's any more, and what another process writes just now stays. Where the file system has no locks, or the
/// folder can't be read, nothing is removed.
///
/// ```
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("note.txt");
/// std::fs::write(folder.path().join(".note.txtAb3dE5.mlp.tmp"), b"half of what was to be wri")?;
/// std::fs::write(folder.path().join(".other.txtAb3dE5.mlp.tmp"), b"")?;
/// assert_eq!(mlp::atomic_file::remove_abandoned(&path), 1);
/// assert_eq!(std::fs::read_dir(folder.path())?.count(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn remove_abandoned(path: impl AsRef<Path>) -> usize {
    let Ok(Destination::Replace(path)) = Destination::of(path.as_ref()) else { return 0 };
    let (Some(name), Ok(entries)) = (path.file_name(), fs::read_dir(folder_of(&path))) else { return 0 };
    let is_abandoned = |temporary: &Path| {
        // Not waiting for the lock, and not leaving one behind: it goes with the handle.
        fs::OpenOptions::new()
            .write(true)
            .open(temporary)
            .is_ok_and(|file| file.try_lock().is_ok() && fs::remove_file(temporary).is_ok())
    };
    let ours = entries.flatten().filter(|entry| is_temporary_of(name, &entry.file_name()));
    ours.filter(|entry| is_abandoned(&entry.path())).count()
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

/// How many letters and digits, drawn by chance, tell temporary files of one name apart.
const DRAWN: usize = 6;

/// What a temporary file ends with.
const SUFFIX: &str = ".mlp.tmp";

/// Whether `temporary` is what [`temporary_beside`] could call a file for `name`.
fn is_temporary_of(name: &OsStr, temporary: &OsStr) -> bool {
    let drawn = temporary
        .as_encoded_bytes()
        .strip_prefix(b".")
        .and_then(|rest| rest.strip_prefix(name.as_encoded_bytes()))
        .and_then(|rest| rest.strip_suffix(SUFFIX.as_bytes()));
    drawn.is_some_and(|drawn| drawn.len() == DRAWN && drawn.iter().all(u8::is_ascii_alphanumeric))
}

/// A new file in the folder of `path`, removed when dropped, and locked for as long as somebody lives to write it.
fn temporary_beside(path: &Path) -> io::Result<tempfile::NamedTempFile> {
    let Some(name) = path.file_name() else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it does not name a file"));
    };
    let folder = folder_of(path);
    if !folder.is_dir() {
        let reason = format!("the folder {} does not exist; create it first", folder.display());
        return Err(io::Error::new(io::ErrorKind::NotFound, reason));
    }
    let mut prefix = OsString::from(".");
    prefix.push(name);
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).rand_bytes(DRAWN).suffix(SUFFIX);
    #[cfg(unix)]
    {
        // As any new file: what the process's mask leaves of it, not tempfile's own 0600.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    loop {
        let temporary = builder.tempfile_in(folder)?;
        // Where there are no locks nobody removes it, and none is needed.
        let locked = temporary.as_file().lock();
        // Before it was locked another process may have taken it for an abandoned one.
        if locked.is_err() || temporary.path().exists() {
            return Ok(temporary);
        }
    }
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
    fn what_is_being_written_is_not_abandoned() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let living = temporary_beside(&path).unwrap();
        assert_eq!(remove_abandoned(&path), 0);
        assert!(living.path().exists());
        // What a killed process leaves: the name, and no lock.
        let left = living.path().to_owned();
        let (file, kept) = living.keep().unwrap();
        drop(file);
        assert_eq!((kept, remove_abandoned(&path)), (left.clone(), 1));
        assert!(!left.exists());
    }

    #[test]
    fn only_temporary_files_of_the_very_name_are_abandoned() {
        let folder = tempfile::tempdir().unwrap();
        // Too few letters; one of the name `ab`; of `b`; no letter; another ending.
        let others =
            [".ab1234.mlp.tmp", ".ab123456.mlp.tmp", ".bb12345.mlp.tmp", ".ab12 45.mlp.tmp", ".ab12345.tmp"];
        for name in others.iter().chain(&["a"]) {
            fs::write(folder.path().join(name), b"").unwrap();
        }
        assert_eq!(remove_abandoned(folder.path().join("a")), 0);
        fs::write(folder.path().join(".ab12345.mlp.tmp"), b"").unwrap();
        assert_eq!(remove_abandoned(folder.path().join("a")), 1);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), others.len() + 1);
        assert_eq!(remove_abandoned("no such folder/a"), 0);
    }

    #[test]
    fn a_name_without_a_folder_is_in_the_current_one() {
        assert_eq!(folder_of(Path::new("a.mlp")), Path::new("."));
        assert!(write("", b"x").is_err());
        assert!(write("..", b"x").is_err());
    }
}
