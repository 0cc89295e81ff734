//! The picture of the list: what stands in it, that it is XML, and that it can be read.

use tape::{Error, Program, Real, Tape, Tensor, Traced};

fn f<R: Real>(v: &[R]) -> R {
    let (x, w) = (v[0], v[1]);
    (x + w) * (w + R::from_f64(1.0))
}

fn chain(steps: usize) -> Program {
    Program::trace(|x| (0..steps).fold(x[0], |y, k| y.sin() * x[k % 2] + x[1]), &[0.5, 2.0])
}

/// The attribute of each element with this name, as a number.
fn attributes(picture: &str, element: &str, name: &str) -> Vec<f64> {
    let elements = picture.split('<').filter(|text| text.starts_with(element));
    let value = |text: &str| {
        let rest = text.split_once(&format!(" {name}=\"")).expect("the attribute is there").1;
        rest.split('"').next().and_then(|number| number.parse().ok()).expect("a number")
    };
    elements.map(value).collect()
}

/// Left, top, width and height of each box.
fn boxes(picture: &str) -> Vec<[f64; 4]> {
    let all = ["x", "y", "width", "height"].map(|name| attributes(picture, "rect class=\"box\"", name));
    (0..all[0].len()).map(|k| [all[0][k], all[1][k], all[2][k], all[3][k]]).collect()
}

/// Panics unless tags are closed in order and no bare mark stands in text or attributes.
fn must_be_xml(picture: &str) {
    let mut open = Vec::new();
    for part in picture.split('<').skip(1) {
        let (tag, text) = part.split_once('>').expect("a tag is closed");
        assert_eq!(tag.matches('"').count() % 2, 0, "quotes pair up in {tag}");
        assert!(!text.contains('>'), "a bare mark in {text}");
        for entity in text.split('&').skip(1).chain(tag.split('&').skip(1)) {
            let known = ["amp;", "lt;", "gt;", "quot;"].iter().any(|name| entity.starts_with(name));
            assert!(known, "a bare & before {entity}");
        }
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !tag.ends_with('/') {
            open.push(tag.split(' ').next().expect("a name"));
        }
    }
    assert!(open.is_empty());
    assert!(!picture.contains(|c: char| c.is_control() && c != '\n'), "no control character");
}

#[test]
fn the_first_example_is_six_boxes_and_six_arrows() -> Result<(), Error> {
    let picture = Program::trace(f, &[2.0, 1.0]).named(&["x", "w"])?.svg();
    must_be_xml(&picture);
    assert_eq!(boxes(&picture).len(), 6);
    assert_eq!(picture.matches("marker-end").count(), 6);
    for label in [">input x<", ">constant<", ">mul<", "line 5: mul, value 6, cotangent 1"] {
        assert!(picture.contains(label), "{label} is missing in {picture}");
    }
    assert!(
        picture.contains("<title>Program of 6 lines</title>")
            && picture.contains("prefers-color-scheme: dark")
    );
    Ok(())
}

#[test]
fn boxes_stand_within_the_page_and_none_covers_another() {
    let wide = |x: &[Traced]| (0..12).map(|k| (x[k] * x[(k * 5 + 1) % 12]).exp() * x[(k + 7) % 12]).sum();
    let wide = Program::trace(wide, &[0.25; 12]);
    for picture in [chain(30).svg(), wide.svg(), Program::trace(|_| 1.0.into(), &[1.0, 2.0]).svg()] {
        must_be_xml(&picture);
        let (width, height) =
            (attributes(&picture, "svg", "width")[0], attributes(&picture, "svg", "height")[0]);
        let boxes = boxes(&picture);
        for (k, [x, y, w, h]) in boxes.iter().enumerate() {
            assert!(*x >= 0.0 && *y >= 0.0 && x + w <= width && y + h <= height, "box {k} leaves the page");
            for [other_x, other_y, other_w, other_h] in &boxes[k + 1..] {
                let beside = x + w <= *other_x || other_x + other_w <= *x;
                let above = y + h <= *other_y || other_y + other_h <= *y;
                assert!(beside || above, "box {k} covers another");
            }
        }
    }
}

#[test]
fn arrows_go_from_left_to_right() {
    let picture = chain(20).svg();
    let paths = picture.split("class=\"arrow\" d=\"M").skip(1);
    for path in paths {
        let path = path.split('"').next().unwrap_or_default();
        let numbers: Vec<f64> =
            path.split(|c: char| !c.is_ascii_digit() && c != '.').filter_map(|n| n.parse().ok()).collect();
        assert!(numbers[0] < numbers[6], "an arrow goes back in {path}");
    }
}

#[test]
fn names_with_marks_and_control_characters_are_escaped() -> Result<(), Error> {
    let name = "<script>alert(\"&\")</script>\u{1}\n'";
    let picture = Program::trace(|x| x[0].exp(), &[1.0]).named(&[name])?.svg();
    must_be_xml(&picture);
    assert!(!picture.contains("<script") && picture.contains("&lt;script&gt;"), "{picture}");
    let long = "a name that is much longer than any box should be wide";
    let picture = Program::trace(|x| x[0].exp(), &[1.0]).named(&[long])?.svg();
    assert!(picture.contains(">input a name that is much lon…</text>"), "{picture}");
    assert!(picture.contains(long), "and stands in the tooltip as a whole");
    Ok(())
}

#[test]
fn a_long_list_is_cut_and_says_so() {
    let program = chain(1000);
    let picture = program.svg();
    must_be_xml(&picture);
    assert_eq!(boxes(&picture).len(), 400);
    assert!(picture.contains(&format!("… {} more lines", program.len() - 400)));
}

#[test]
fn a_tape_of_tensors_and_scalars_and_an_empty_one_have_their_picture() -> Result<(), Error> {
    let tape = Tape::begin();
    assert!(tape.svg(None).contains("nothing is recorded"));
    must_be_xml(&tape.svg(None));
    tape.keep_all();
    let x = tape.tensor(&Tensor::from_slice(&[1.0, 2.0], &[2])?);
    let w = tape.var(3.0);
    let y = (&Tensor::from_vars(&[x.at(&[0])? * w, w.powi(2)], &[2])? * &x).sum();
    let picture = tape.svg(Some(&tape.sweep(&y)?));
    must_be_xml(&picture);
    assert_eq!(boxes(&picture).len(), tape.lines() + tape.nodes());
    assert!(picture.contains("class=\"number bar\"") && !tape.svg(None).contains("class=\"number bar\""));
    Ok(())
}
