//! Zip archives with the modes of Unix, and times both as DOS has them and in seconds.

use super::{Error, Member};
use std::io::{Cursor, Write};
use zip::write::FullFileOptions;
use zip::{CompressionMethod, DateTime, System, ZipWriter};

/// The extra field for times in seconds since 1970, and its mark for the time of the last change.
const EXTENDED_TIME: u16 = 0x5455;
const MODIFIED: u8 = 1;
/// Best compression of deflate.
const BEST: i64 = 9;
const DAY: i64 = 86_400;

/// An archive of `members` in this order; members of 4 GiB or more are refused.
pub(super) fn write(members: &[&Member<'_>], time: i64) -> Result<Vec<u8>, Error> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for member in members {
        let options = options(member.mode(), time)?;
        writer.start_file(member.name, options).map_err(failed)?;
        writer.write_all(member.bytes)?;
    }
    Ok(writer.finish().map_err(failed)?.into_inner())
}

fn options(mode: u32, time: i64) -> Result<FullFileOptions<'static, 'static>, Error> {
    let mut options = FullFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(BEST))
        .system(System::Unix)
        .unix_permissions(mode)
        .last_modified_time(dos(time));
    if let Ok(seconds) = i32::try_from(time) {
        let mut field = vec![MODIFIED];
        field.extend(seconds.to_le_bytes());
        options
            .add_extra_field(EXTENDED_TIME, field, false)
            .map_err(failed)?;
    }
    Ok(options)
}

fn failed(error: zip::result::ZipError) -> Error {
    Error::Io(error.into())
}

/// The time in UTC; before 1980 and after 2107 there is none, and the first and the last one stand for it.
fn dos(time: i64) -> DateTime {
    let (year, month, day) = civil(time.div_euclid(DAY));
    let second = time.rem_euclid(DAY);
    let part = |number: i64| number as u8;
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let exact = u16::try_from(year).ok().and_then(|year| {
        DateTime::from_date_and_time(
            year,
            part(month),
            part(day),
            part(hour),
            part(minute),
            part(second),
        )
        .ok()
    });
    let last = DateTime::from_date_and_time(2107, 12, 31, 23, 59, 58);
    match (exact, last) {
        (Some(exact), _) => exact,
        (None, Ok(last)) if year > 2107 => last,
        _ => DateTime::default(),
    }
}

/// Year, month and day of a day since 1970 in the Gregorian calendar: years begin in March here, so that leap days end them.
fn civil(day: i64) -> (i64, i64, i64) {
    let day = day + 719_468;
    let (era, of_era) = (day.div_euclid(146_097), day.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    (year + era * 400 + next, month, of_month)
}

#[cfg(test)]
mod tests {
    use super::{civil, dos};

    #[test]
    fn days_of_the_calendar() {
        for (day, want) in [
            (0, (1970, 1, 1)),
            (-1, (1969, 12, 31)),
            (11_016, (2000, 2, 29)),
            (11_017, (2000, 3, 1)),
            (20_370, (2025, 10, 9)),
            (47_541, (2100, 3, 1)),
        ] {
            assert_eq!(civil(day), want, "{day}");
        }
    }

    #[test]
    fn times_that_dos_does_not_have() {
        let text = |time: i64| dos(time).to_string();
        assert_eq!(text(1_760_000_001), "2025-10-09 08:53:20");
        assert_eq!(text(0), "1980-01-01 00:00:00");
        assert_eq!(text(i64::MIN), "1980-01-01 00:00:00");
        assert_eq!(text(i64::MAX), "2107-12-31 23:59:58");
        assert_eq!(text(4_354_819_200), "2107-12-31 23:59:58");
    }
}
