use super::*;
use crate::data::{Column, Frame, Table};

fn table(text: &str) -> Table {
    Table::from_bytes(text.as_bytes(), "t.csv").unwrap()
}

/// The table with one column of these cells beside one of numbers.
fn column(cells: &[&str]) -> Table {
    let rows: String = cells.iter().enumerate().map(|(i, cell)| format!("{i},{cell}\n")).collect();
    table(&format!("i,c\n{rows}"))
}

fn role(cells: &[&str]) -> Role {
    Schema::inspect(&column(cells), &Choices::default()).unwrap().role("c").unwrap().clone()
}

fn category(levels: &[&str]) -> Role {
    Role::Category { levels: levels.iter().map(|level| level.to_string()).collect() }
}

fn shared(name: &str) -> Option<Table> {
    let path = format!("{}/../../../shared/data/tabular/{name}", env!("CARGO_MANIFEST_DIR"));
    let table = Table::from_path(&path).ok();
    if table.is_none() {
        println!("skipped: {path} is not there");
    }
    table
}

#[test]
fn columns_are_judged_by_the_cells_that_are_there() {
    assert_eq!(role(&["1", "", "2.5", "NA", "-", ".", "?", "NaN", "n/a"]), Role::Number);
    assert_eq!(role(&["b", "?", "a", "b"]), category(&["a", "b"]));
    let boolean = |no: &str, yes: &str| Role::Boolean { no: no.to_owned(), yes: yes.to_owned() };
    assert_eq!(role(&["Yes", "no", "", "YES"]), boolean("no", "yes"));
    assert_eq!(role(&["True", "False"]), boolean("false", "true"));
    assert_eq!(role(&["yes", "no", "maybe"]), category(&["maybe", "no", "yes"]));
    assert_eq!(role(&["0", "1", "0"]), Role::Number);
    assert_eq!(role(&["", "?", "NA"]), Role::Dropped(Reason::AllMissing));
    assert_eq!(role(&["7", "7.0", "", "7e0"]), Role::Dropped(Reason::Constant { value: "7".into() }));
    assert_eq!(role(&["a", "", "a"]), Role::Dropped(Reason::Constant { value: "a".into() }));
}

#[test]
fn text_among_numbers_is_a_slip_or_a_category() {
    let error =
        |cells: &[&str]| Schema::inspect(&column(cells), &Choices::default()).unwrap_err().to_string();
    // Nine in ten are numbers, though they repeat.
    let mut cells = ["1", "2"].repeat(9);
    cells.extend(["x", "x"]);
    let slip = error(&cells);
    assert!(
        slip.starts_with("t.csv, line 20, column `c`: `x` is not a number, but 18 of the 20 values"),
        "{slip}"
    );
    // One less, and they repeat: a category.
    cells[0] = "x";
    assert_eq!(role(&cells), category(&["1", "2", "x"]));
    // Most are numbers, which hardly repeat.
    assert!(error(&["1.5", "2.5", "3.5", "tall", "4.5"]).contains("line 5, column `c`: `tall`"));
    assert_eq!(role(&["2", "4", "more", "2", "4", "more", "2", "4"]), category(&["2", "4", "more"]));
    let error = error(&["1", "2", "-inf", "3"]);
    assert!(error.starts_with("t.csv, line 4, column `c`: `-inf` is not a finite number"), "{error}");
}

#[test]
fn names_are_dropped_in_tables_of_some_length_only() {
    let names: Vec<String> = (0..20).map(|i| format!("Ada {i}")).collect();
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert_eq!(
        role(&names[..19]),
        category(&{
            let mut sorted = names[..19].to_vec();
            sorted.sort_unstable();
            sorted
        })
    );
    let identifier = |distinct| Role::Dropped(Reason::Identifier { distinct, present: 20 });
    assert_eq!(role(&names), identifier(20));
    (names[0], names[1]) = (names[2], names[2]);
    assert_eq!(role(&names), identifier(18));
    names[3] = names[2];
    assert!(matches!(role(&names), Role::Category { .. }));
}

#[test]
fn choices_come_before_inspection() {
    let table = table("i,c,d\n1,5,x\n2,5,x\n3,5,x\n");
    let names = |choices: Choices| Schema::inspect(&table, &choices).map(|schema| schema.names());
    let chosen = |names: &[&str]| names.iter().map(|name| name.to_string()).collect::<Vec<String>>();
    assert_eq!(names(Choices::default()).unwrap(), ["i"]);
    assert_eq!(names(Choices { numbers: chosen(&["c"]), ..Choices::default() }).unwrap(), ["i", "c"]);
    assert_eq!(names(Choices { categories: chosen(&["d"]), ..Choices::default() }).unwrap(), ["i", "d"]);
    assert_eq!(names(Choices { only: Some(chosen(&["i"])), ..Choices::default() }).unwrap(), ["i"]);
    let error = names(Choices { drop: chosen(&["i"]), ..Choices::default() }).unwrap_err().to_string();
    assert!(
        error.starts_with("t.csv: no column is left to learn from: column `i` is dropped as asked, "),
        "{error}"
    );
    for wrong in [
        Choices { drop: chosen(&["z"]), ..Choices::default() },
        Choices { drop: chosen(&["c"]), numbers: chosen(&["c"]), ..Choices::default() },
        Choices { categories: chosen(&["c"]), numbers: chosen(&["c"]), ..Choices::default() },
        Choices { only: Some(chosen(&["i"])), categories: chosen(&["d"]), ..Choices::default() },
    ] {
        assert!(names(wrong.clone()).is_err(), "{wrong:?}");
    }
    let text = Choices { numbers: chosen(&["d"]), ..Choices::default() };
    let schema = Schema::inspect(&table, &text).unwrap();
    assert!(
        schema.frame(&table).unwrap_err().to_string().contains("line 2, column `d`: `x` is not a number")
    );
}

#[test]
fn another_table_is_read_by_name() {
    let train = table("x,sex,alive\n1,f,yes\n2,m,no\n3,f,no\n");
    let schema = Schema::inspect(&train, &Choices::default()).unwrap();
    let same = schema.frame(&train).unwrap();
    assert_eq!(same.names(), ["x", "sex", "alive"]);
    assert_eq!(same.numbers(), [1.0, 1.0, 2.0, 0.0, 3.0, 0.0]);
    assert_eq!(schema.frame(&table("alive,z,sex,x\nYES,0,f,1\nno,0,m,2\nNo,0,f,3\n")).unwrap(), same);
    let unseen = schema.frame(&table("x,sex,alive\n1,other,?\n,NA,no\n")).unwrap();
    let Some(Column::Category(sex)) = unseen.column("sex") else { panic!("sex is a category") };
    assert_eq!((sex.level(0), sex.level(1)), (Some("other"), None));
    assert_eq!((sex.levels(), unseen.missing()), (&["f".to_owned(), "m".into(), "other".into()][..], 3));
    let error = schema.frame(&table("x\n1\n")).unwrap_err().to_string();
    assert!(error.contains("are missing: `sex`, `alive`;"), "{error}");
    let error = schema.frame(&table("x,sex,alive\n1,f,perhaps\n")).unwrap_err().to_string();
    assert!(
        error.starts_with("t.csv, line 2, column `alive`: `perhaps` is neither `no` nor `yes`"),
        "{error}"
    );
    let error = schema.frame(&table("x,sex,alive\n1e999,f,no\n")).unwrap_err().to_string();
    assert!(error.contains("line 2, column `x`: `1e999` is not a finite number"), "{error}");
}

#[test]
fn rows_without_names_are_checked() {
    let frame = Frame::of_numbers(vec![1.0, 2.0, 3.0, 4.0], vec!["x".into(), "y".into()]).unwrap();
    let schema = Schema::of_frame(&frame, &Choices::default()).unwrap();
    let error = |rows: &[f64], width| schema.frame_of_rows(rows, width).unwrap_err().to_string();
    assert_eq!(error(&[1.0; 3], 3), "rows: wants rows of 2 columns, got 3 columns");
    assert_eq!(error(&[1.0; 3], 2), "rows: wants whole rows of 2, got 3 numbers");
    assert!(error(&[], 0).contains("got 0 columns"));
    assert!(error(&[0.0, 0.0, 0.0, f64::INFINITY], 2).starts_with("column `y`: row 1: an infinity"));
    assert_eq!(schema.frame_of_rows(&[], 2).unwrap().n_rows(), 0);
    let text = Schema::inspect(&table("x,k\n1,a\n2,b\n"), &Choices::default()).unwrap();
    assert!(text.frame_of_rows(&[1.0, 2.0], 2).unwrap_err().to_string().contains("categories in column `k`"));
}

#[test]
fn a_schema_on_training_rows_drops_what_is_constant_there() {
    let table = table("x,k,b\n1,a,yes\n2,a,no\n2,b,yes\n");
    let schema = Schema::inspect(&table, &Choices::default()).unwrap();
    let rows = schema.frame(&table).unwrap().rows(&[0, 1]);
    let on = schema.on(&rows, &Choices::default()).unwrap();
    assert_eq!(on.names(), ["x", "b"]);
    assert_eq!(on.role("k"), Some(&Role::Dropped(Reason::Constant { value: "a".into() })));
    assert!(matches!(on.role("b"), Some(Role::Boolean { .. })));
    let kept = schema.on(&rows, &Choices { categories: vec!["k".into()], ..Choices::default() }).unwrap();
    assert_eq!(kept.names(), ["x", "k", "b"]);
    assert!(schema.on(&rows, &Choices { numbers: vec!["k".into()], ..Choices::default() }).is_err());
    let one = schema.on(&rows.rows(&[0]), &Choices::default()).unwrap_err().to_string();
    assert!(one.starts_with("no column is left to learn from: column `x` is dropped: it is `1` in"), "{one}");
    assert!(schema.on(&rows.select(&["x".into()]).unwrap(), &Choices::default()).is_err());
}

#[test]
fn json_is_checked() {
    let table = table("x,k,b,n\n1,a,yes,4\n2,b,no,4\n");
    let schema = Schema::inspect(&table, &Choices::default()).unwrap();
    let json = serde_json::to_string(&schema).unwrap();
    assert_eq!(serde_json::from_str::<Schema>(&json).unwrap(), schema);
    for (from, to) in [
        (r#""name":"k""#, r#""name":"x""#),
        (r#"["a","b"]"#, r#"["a","a"]"#),
        (r#""no":"no""#, r#""no":"YES""#),
        (r#""role":"number""#, r#""role":"wonder""#),
        (r#""name":"x""#, r#""name":"x","more":1"#),
    ] {
        assert!(json.contains(from), "{from} in {json}");
        assert!(serde_json::from_str::<Schema>(&json.replacen(from, to, 1)).is_err(), "{to}");
    }
    assert!(serde_json::from_str::<Schema>(r#"{"columns":[]}"#).is_err());
}

#[test]
fn the_reference_tables_keep_what_carries_information() {
    for (name, target, columns, dropped) in [
        ("titanic_all.csv", "survived", 3, vec!["name"]),
        ("iris.csv", "class", 4, vec![]),
        ("penguins.csv", "species", 7, vec![]),
        ("digits8x8.csv", "class", 61, vec!["pixel_0_0", "pixel_4_0", "pixel_4_7"]),
    ] {
        let Some(table) = shared(name) else { return };
        let choices = Choices { aside: vec![target.into()], ..Choices::default() };
        let schema = Schema::inspect(&table, &choices).unwrap();
        assert_eq!(schema.names().len(), columns, "{name}: {:?}", schema.messages());
        let is_dropped = |column: &&SchemaColumn| matches!(column.role, Role::Dropped(_));
        let found: Vec<&str> = schema.columns().iter().filter(is_dropped).map(|c| c.name.as_str()).collect();
        assert_eq!(found, dropped, "{name}");
        schema.frame(&table).unwrap();
    }
    let Some(table) = shared("penguins.csv") else { return };
    let schema = Schema::inspect(&table, &Choices::default()).unwrap();
    assert_eq!(schema.frame(&table).unwrap().missing(), 19);
}
