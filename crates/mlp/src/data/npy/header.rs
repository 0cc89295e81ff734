//! The header of a `.npy` file: a Python dictionary, of which only what `numpy.save` writes for numbers is read.

use super::NpyKind;

/// What the header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) kind: NpyKind,
    pub(super) big_endian: bool,
    pub(super) fortran_order: bool,
    pub(super) shape: Vec<usize>,
}

impl Header {
    /// The header with this text, or what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut rest = Text(text);
        let (mut descr, mut fortran_order, mut shape) = (None, None, None);
        rest.expect('{')?;
        while !rest.eat('}') {
            let key = rest.string()?;
            rest.expect(':')?;
            let twice = match key {
                "descr" => descr.replace(rest.descr()?).is_some(),
                "fortran_order" => fortran_order.replace(rest.boolean()?).is_some(),
                "shape" => shape.replace(rest.tuple()?).is_some(),
                _ => return Err(format!("it has an entry {key:?} that no array of numbers has")),
            };
            if twice {
                return Err(format!("its entry {key:?} comes twice"));
            }
            if !rest.eat(',') {
                rest.expect('}')?;
                break;
            }
        }
        if !rest.0.trim().is_empty() {
            return Err("it goes on after its end".to_owned());
        }
        let missing = |key: &str| format!("it has no entry {key:?}");
        let (kind, big_endian) = descr.ok_or_else(|| missing("descr"))?;
        let fortran_order = fortran_order.ok_or_else(|| missing("fortran_order"))?;
        Ok(Header { kind, big_endian, fortran_order, shape: shape.ok_or_else(|| missing("shape"))? })
    }
}

/// What has not been read yet.
struct Text<'a>(&'a str);

impl<'a> Text<'a> {
    fn eat(&mut self, symbol: char) -> bool {
        self.0 = self.0.trim_ascii_start();
        match self.0.strip_prefix(symbol) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, symbol: char) -> Result<(), String> {
        if self.eat(symbol) { Ok(()) } else { Err(self.unlike(&format!("`{symbol}`"))) }
    }

    fn unlike(&self, wanted: &str) -> String {
        let found: String = self.0.chars().take(20).collect();
        format!("it has {found:?} where {wanted} should be")
    }

    fn string(&mut self) -> Result<&'a str, String> {
        for quote in ['\'', '"'] {
            if self.eat(quote) {
                let Some((string, rest)) = self.0.split_once(quote) else {
                    return Err(self.unlike("a closed string"));
                };
                self.0 = rest;
                return Ok(string);
            }
        }
        Err(self.unlike("a string"))
    }

    fn boolean(&mut self) -> Result<bool, String> {
        self.0 = self.0.trim_ascii_start();
        for (word, value) in [("False", false), ("True", true)] {
            if let Some(rest) = self.0.strip_prefix(word) {
                self.0 = rest;
                return Ok(value);
            }
        }
        Err(self.unlike("True or False"))
    }

    fn tuple(&mut self) -> Result<Vec<usize>, String> {
        self.expect('(')?;
        let mut axes = Vec::new();
        while !self.eat(')') {
            self.0 = self.0.trim_ascii_start();
            let digits = self.0.bytes().take_while(u8::is_ascii_digit).count();
            let (number, rest) = self.0.split_at(digits);
            axes.push(number.parse().map_err(|_| self.unlike("the length of an axis"))?);
            self.0 = rest;
            if !self.eat(',') {
                self.expect(')')?;
                break;
            }
        }
        Ok(axes)
    }

    /// The kind of the elements, and whether their bytes go from the highest down.
    fn descr(&mut self) -> Result<(NpyKind, bool), String> {
        self.0 = self.0.trim_ascii_start();
        if self.0.starts_with('[') {
            return Err(
                "its elements are records; save each of their fields as an array of its own".to_owned()
            );
        }
        let descr = self.string()?;
        let mut chars = descr.chars();
        let big_endian = match chars.next() {
            Some('<' | '|') => false,
            Some('>') => true,
            Some('=') => cfg!(target_endian = "big"),
            _ => return Err(format!("it has elements of type {descr:?}")),
        };
        let kind = match chars.as_str() {
            "b1" => NpyKind::Bool,
            "u1" => NpyKind::Unsigned(1),
            "u2" => NpyKind::Unsigned(2),
            "u4" => NpyKind::Unsigned(4),
            "u8" => NpyKind::Unsigned(8),
            "i1" => NpyKind::Signed(1),
            "i2" => NpyKind::Signed(2),
            "i4" => NpyKind::Signed(4),
            "i8" => NpyKind::Signed(8),
            "f4" => NpyKind::Float(4),
            "f8" => NpyKind::Float(8),
            _ => {
                return Err(format!(
                    "it has elements of type {descr:?}; save integers, booleans, float32 or float64"
                ));
            }
        };
        Ok((kind, big_endian))
    }
}
