//! Huge pages for long columns, where the system has them to give.
#![expect(unsafe_code, reason = "the system is told about memory by its address")]

/// Asks the system to back a long vector by pages of 2 MiB, after its memory was reserved or has grown. Walking a column that
/// no cache holds, the processor otherwise looks up a page every 170 lines: a mixture of Gaussians, 68 MB of lines, took
/// 14.1 ms in the bench `scalar`, so 13.4.
///
/// It is a wish: nothing depends on whether it comes true.
pub(crate) fn wish_for_huge<T>(column: &Vec<T>) {
    #[cfg(all(target_os = "linux", not(miri)))]
    {
        // What fits in the caches gains nothing.
        let all = huge_pages(column, column.capacity());
        if all.bytes >= 8 << 20 {
            all.advise(libc::MADV_HUGEPAGE);
            // Where memory grows by being moved, what stood there has come over in small pages.
            huge_pages(column, column.len()).advise(libc::MADV_COLLAPSE);
        }
    }
    #[cfg(not(all(target_os = "linux", not(miri))))]
    let _ = column;
}

/// Whole huge pages of an allocation.
#[cfg(all(target_os = "linux", not(miri)))]
struct HugePages<'a> {
    start: *const u8,
    bytes: usize,
    of: std::marker::PhantomData<&'a ()>,
}

/// The whole huge pages in the first `length` elements of a vector, of which there is room for so many.
#[cfg(all(target_os = "linux", not(miri)))]
fn huge_pages<T>(column: &Vec<T>, length: usize) -> HugePages<'_> {
    const HUGE: usize = 2 << 20;
    debug_assert!(length <= column.capacity());
    let start = column.as_ptr().cast::<u8>();
    let before = start.addr().next_multiple_of(HUGE) - start.addr();
    let bytes = (length * size_of::<T>()).saturating_sub(before) / HUGE * HUGE;
    HugePages { start: start.wrapping_add(before), bytes, of: std::marker::PhantomData }
}

#[cfg(all(target_os = "linux", not(miri)))]
impl HugePages<'_> {
    fn advise(&self, advice: libc::c_int) {
        // SAFETY: the range lies in an allocation that is borrowed, or is empty. The two kinds of advice given here change
        // neither what stands in it nor where.
        unsafe { libc::madvise(self.start.cast_mut().cast(), self.bytes, advice) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_the_same_after_the_wish() {
        for length in [0, 1, 1000, 1 << 20, 3 << 20] {
            let mut column: Vec<f64> = Vec::with_capacity(length);
            wish_for_huge(&column);
            column.extend((0..length).map(|k| k as f64));
            wish_for_huge(&column);
            assert!(column.iter().enumerate().all(|(k, &x)| x == k as f64), "{length}");
        }
    }
}
