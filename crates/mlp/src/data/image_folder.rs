//! Images in folders, a folder for each class.

use std::fs;
use std::path::{Path, PathBuf};

use image::imageops::FilterType;
use image::{DynamicImage, ImageReader};

use super::data_error::{DataError, DataErrorKind};
use super::idx::pixels;
use super::{Dataset, Frame, Target};
use crate::Error;

/// What becomes of the pixels of an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colour {
    /// One number a pixel, its brightness: .2126 red + .7152 green + .0722 blue (ITU-R BT.709).
    #[default]
    Grey,
    /// Three numbers a pixel: red, green, blue.
    Rgb,
}

/// How a folder of images is read: PNG and JPEG files, in one folder for each class.
///
/// A class is named as its folder. Other files, and those whose names begin with a dot, are passed over. Numbers are from 0 to
/// 255; what is transparent is taken as it is beneath. Rows come class by class, in the order of the names of the files.
///
/// ```no_run
/// use mlp::data::ImageFolder;
///
/// // letters/a/1.png, letters/a/2.png, …, letters/b/1.png, …
/// let letters = ImageFolder { resize: Some((28, 28)), ..ImageFolder::default() }.read("letters")?;
/// assert_eq!((letters.n_columns(), letters.classes()[0].as_str()), (784, "a"));
/// # Ok::<(), mlp::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImageFolder {
    /// The height and width that all images are given, by linear interpolation; `None` where all are of one size.
    pub resize: Option<(usize, usize)>,
    /// What becomes of their pixels.
    pub colour: Colour,
}

/// The highest and widest image that is read or made.
const LARGEST: u32 = 1 << 14;

impl ImageFolder {
    /// The dataset of the images in the folders within `root`: columns `pixel_r_c`, or `pixel_r_c_red` and so on, target `class`.
    ///
    /// # Errors
    /// When a folder or file cannot be read, a folder has no image, there are fewer than two folders, an image is damaged or of
    /// another size than the first where none is set, or a size is 0 or above 16384.
    ///
    /// ```
    /// use mlp::data::ImageFolder;
    ///
    /// let root = tempfile::tempdir().unwrap();
    /// for (class, grey) in [("dark", 10), ("light", 200)] {
    ///     std::fs::create_dir(root.path().join(class)).unwrap();
    ///     let image = image::GrayImage::from_pixel(3, 2, image::Luma([grey]));
    ///     image.save(root.path().join(class).join("1.png")).unwrap();
    /// }
    /// let data = ImageFolder::default().read(root.path())?;
    /// assert_eq!((data.classes(), data.labels()), (&["dark".to_owned(), "light".to_owned()][..], &[0, 1][..]));
    /// assert_eq!((data.n_columns(), data.columns()[5].as_str()), (6, "pixel_1_2"));
    /// assert_eq!(data.features()[5..7], [10.0, 200.0]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn read(&self, root: impl AsRef<Path>) -> Result<Dataset, Error> {
        let root = root.as_ref();
        let sizes = 1..=LARGEST as usize;
        if let Some((height, width)) = self.resize
            && !(sizes.contains(&height) && sizes.contains(&width))
        {
            let got = format!("{height} and {width}");
            return Err(Error::Setting {
                setting: "resize",
                wants: "a height and a width from 1 to 16384",
                got,
            });
        }
        let (mut numbers, mut labels, mut classes) = (Vec::new(), Vec::new(), Vec::new());
        let mut first: Option<(usize, usize)> = self.resize;
        for folder in entries(root)?.into_iter().filter(|entry| entry.is_dir()) {
            let n_before = labels.len();
            for path in entries(&folder)?.into_iter().filter(|path| is_image(path)) {
                let size = self.append(&path, &mut numbers)?;
                let wanted = *first.get_or_insert(size);
                if size != wanted {
                    let found = format!(
                        "it is {} × {} pixels, but those before it are {} × {}; set `resize`",
                        size.0, size.1, wanted.0, wanted.1
                    );
                    return Err(bad(&path, found));
                }
                labels.push(classes.len());
            }
            if labels.len() == n_before {
                return Err(bad(
                    &folder,
                    "there is no PNG or JPEG file in this folder; add one or remove it".into(),
                ));
            }
            classes.push(name(&folder));
        }
        match (classes.as_slice(), first) {
            ([_, _, ..], Some((height, width))) => {
                let endings: &[&str] = match self.colour {
                    Colour::Grey => &[""],
                    Colour::Rgb => &["_red", "_green", "_blue"],
                };
                let frame = Frame::of_numbers(numbers, pixels(height, width, endings))?;
                Dataset::of(frame, Target::classes("class", labels, classes)?)
            }
            ([class], _) => {
                let kind = DataErrorKind::OneClass { class: class.clone() };
                Err(DataError::of_file(&root.display().to_string(), kind).into())
            }
            _ => Err(bad(root, "there is no folder in it; put the images of each class in one".into())),
        }
    }

    /// Appends the pixels of an image, and says its height and width.
    fn append(&self, path: &Path, numbers: &mut Vec<f64>) -> Result<(usize, usize), Error> {
        let failed = |source| Error::Read { path: path.to_owned(), source };
        let mut reader =
            ImageReader::open(path).and_then(ImageReader::with_guessed_format).map_err(failed)?;
        let mut limits = image::Limits::default();
        (limits.max_image_width, limits.max_image_height) = (Some(LARGEST), Some(LARGEST));
        reader.limits(limits);
        let mut image = reader.decode().map_err(|error| match error {
            image::ImageError::IoError(source) if source.kind() != std::io::ErrorKind::UnexpectedEof => {
                failed(source)
            }
            error => bad(path, error.to_string()),
        })?;
        if let Some((height, width)) = self.resize
            && (image.height() as usize, image.width() as usize) != (height, width)
        {
            image = image.resize_exact(width as u32, height as u32, FilterType::Triangle);
        }
        let size = (image.height() as usize, image.width() as usize);
        match self.colour {
            Colour::Grey => append(numbers, image.into_luma8().as_raw()),
            Colour::Rgb => append(numbers, DynamicImage::into_rgb8(image).as_raw()),
        }
        Ok(size)
    }
}

fn append(numbers: &mut Vec<f64>, bytes: &[u8]) {
    numbers.extend(bytes.iter().map(|byte| f64::from(*byte)));
}

/// What is in a folder, by name, but for what is hidden.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = |source| Error::Read { path: folder.to_owned(), source };
    let entries = fs::read_dir(folder).map_err(failed)?.map(|entry| Ok(entry?.path()));
    let mut paths: Vec<PathBuf> = entries.collect::<Result<_, _>>().map_err(failed)?;
    paths.retain(|path| !name(path).starts_with('.'));
    paths.sort();
    Ok(paths)
}

fn name(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

fn is_image(path: &Path) -> bool {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    matches!(extension.as_deref(), Some("png" | "jpg" | "jpeg"))
}

fn bad(path: &Path, found: String) -> Error {
    DataError::of_file(&path.display().to_string(), DataErrorKind::BadImage { found }).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{GrayImage, Luma, Rgb, RgbImage};
    use tempfile::TempDir;

    /// A folder with an image of 4 × 6 pixels in each of two classes, whose pixels tell their places.
    fn folder() -> TempDir {
        let root = tempfile::tempdir().unwrap();
        for class in ["b", "a"] {
            fs::create_dir(root.path().join(class)).unwrap();
            let image = GrayImage::from_fn(6, 4, |x, y| Luma([(10 * y + x) as u8]));
            image.save(root.path().join(class).join("1.png")).unwrap();
        }
        root
    }

    fn message(root: &TempDir) -> String {
        ImageFolder::default().read(root.path()).unwrap_err().to_string()
    }

    #[test]
    fn images_are_rows_of_pixels_class_by_class() {
        let root = folder();
        GrayImage::from_pixel(6, 4, Luma([9])).save(root.path().join("a/0.PNG")).unwrap();
        fs::write(root.path().join("a/notes.txt"), "x").unwrap();
        fs::write(root.path().join("a/.hidden.png"), "x").unwrap();
        fs::write(root.path().join("README.md"), "x").unwrap();
        let data = ImageFolder::default().read(root.path()).unwrap();
        assert_eq!((data.classes(), data.labels()), (&["a".to_owned(), "b".to_owned()][..], &[0, 0, 1][..]));
        assert_eq!(data.features()[..24], [9.0; 24]);
        assert_eq!(data.features()[24 + 6..24 + 9], [10.0, 11.0, 12.0]);
        assert_eq!(data.columns()[23], "pixel_3_5");
    }

    #[test]
    fn colours_are_kept_or_weighed() {
        let root = folder();
        let image = RgbImage::from_pixel(6, 4, Rgb([255, 0, 0]));
        image.save(root.path().join("a/1.png")).unwrap();
        let rgb = ImageFolder { colour: Colour::Rgb, ..ImageFolder::default() }.read(root.path()).unwrap();
        assert_eq!((rgb.n_columns(), &rgb.features()[..6]), (72, &[255.0, 0.0, 0.0, 255.0, 0.0, 0.0][..]));
        assert_eq!(rgb.columns()[2], "pixel_0_0_blue");
        let grey = ImageFolder::default().read(root.path()).unwrap();
        assert!((grey.features()[0] - 0.2126 * 255.0).abs() <= 1.0, "{}", grey.features()[0]);
    }

    #[test]
    fn images_of_other_sizes_are_resized_or_refused() {
        let root = folder();
        GrayImage::from_pixel(30, 20, Luma([77])).save(root.path().join("b/1.png")).unwrap();
        let error = message(&root);
        assert!(error.contains("b/1.png: ") && error.contains("it is 20 × 30 pixels, but"), "{error}");
        let resized =
            ImageFolder { resize: Some((4, 6)), ..ImageFolder::default() }.read(root.path()).unwrap();
        assert_eq!(resized.features()[24..], [77.0; 24]);
        assert_eq!(resized.features()[7], 11.0);
        for size in [(0, 6), (4, 0), (20_000, 4), (4, 20_000)] {
            let of = ImageFolder { resize: Some(size), ..ImageFolder::default() };
            assert!(matches!(of.read(root.path()), Err(Error::Setting { .. })), "{size:?}");
        }
    }

    #[test]
    fn jpeg_is_read() {
        let root = folder();
        for class in ["a", "b"] {
            fs::remove_file(root.path().join(class).join("1.png")).unwrap();
            let image = GrayImage::from_pixel(16, 16, Luma([128]));
            image.save(root.path().join(class).join("1.jpg")).unwrap();
        }
        let data = ImageFolder::default().read(root.path()).unwrap();
        assert!(data.features().iter().all(|pixel| (pixel - 128.0).abs() <= 2.0));
    }

    #[test]
    fn damaged_files_are_named() {
        let root = folder();
        let path = root.path().join("b/1.png");
        let whole = fs::read(&path).unwrap();
        let mut wide = whole.clone();
        wide[16..20].copy_from_slice(&u32::MAX.to_be_bytes());
        for bytes in [&[][..], b"text", &whole[..40], &whole[..whole.len() - 20], &wide] {
            fs::write(&path, bytes).unwrap();
            let error = message(&root);
            assert!(error.contains("b/1.png: not an image that fits"), "{error}");
        }
    }

    #[test]
    fn folders_without_images_or_classes_are_refused() {
        let root = folder();
        fs::remove_file(root.path().join("b/1.png")).unwrap();
        assert!(message(&root).contains("there is no PNG or JPEG file in this folder"));
        fs::remove_dir(root.path().join("b")).unwrap();
        assert!(message(&root).contains("every row has the label `a`"));
        fs::remove_dir_all(root.path().join("a")).unwrap();
        assert!(message(&root).contains("there is no folder in it"));
        let gone = ImageFolder::default().read(root.path().join("gone"));
        assert!(gone.unwrap_err().to_string().starts_with("cannot read "));
    }
}
