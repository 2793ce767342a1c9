//! Calendar days, as far as matching needs them: parse, print, compare.
//!
//! There is no clock here and no arithmetic: the day that something is judged for is always handed in.

use std::fmt;
use std::str::FromStr;

/// A day of the Gregorian calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

/// A text that is not a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidDate;

impl fmt::Display for InvalidDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a date of the form YYYY-MM-DD")
    }
}

impl std::error::Error for InvalidDate {}

impl Date {
    /// The day `year`-`month`-`day`, if the calendar has it.
    pub fn new(year: u16, month: u8, day: u8) -> Option<Date> {
        let exists = (1..=9999).contains(&year) && (1..=days_in(year, month)).contains(&day);
        exists.then_some(Date { year, month, day })
    }

    /// The day of an RFC 3339 time such as `2024-08-21T16:25:56Z`, as written (no time zone is applied).
    ///
    /// # Errors
    /// When the text does not start with a day that is followed by `T`.
    pub fn of_time(text: &str) -> Result<Date, InvalidDate> {
        match text.split_at_checked(10) {
            Some((day, rest)) if rest.starts_with(['T', 't']) => day.parse(),
            _ => Err(InvalidDate),
        }
    }
}

fn days_in(year: u16, month: u8) -> u8 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 0,
    }
}

impl FromStr for Date {
    type Err = InvalidDate;

    fn from_str(text: &str) -> Result<Date, InvalidDate> {
        let bytes = text.as_bytes();
        let shaped = bytes.len() == 10
            && bytes.iter().enumerate().all(|(i, b)| {
                if i == 4 || i == 7 {
                    *b == b'-'
                } else {
                    b.is_ascii_digit()
                }
            });
        if !shaped {
            return Err(InvalidDate);
        }
        let number =
            |range: std::ops::Range<usize>| text[range].parse::<u16>().map_err(|_| InvalidDate);
        let (month, day) = (number(5..7)?, number(8..10)?);
        Date::new(number(0..4)?, month as u8, day as u8).ok_or(InvalidDate)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_days_of_the_calendar_parse() {
        for good in ["2026-08-21", "2024-02-29", "2000-02-29", "0001-01-01"] {
            assert_eq!(
                good.parse::<Date>().map(|d| d.to_string()),
                Ok(good.to_owned())
            );
        }
        for bad in [
            "",
            "2026-8-21",
            "2026-02-29",
            "1900-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-01-00",
            "0000-01-01",
            "2026-08-21T",
            "２026-08-2",
        ] {
            assert_eq!(bad.parse::<Date>(), Err(InvalidDate), "{bad}");
        }
    }

    #[test]
    fn the_day_of_a_time_is_taken_as_written() {
        assert_eq!(Date::of_time("2024-08-21T23:25:56Z"), "2024-08-21".parse());
        assert_eq!(Date::of_time("2024-08-21"), Err(InvalidDate));
        assert_eq!(Date::of_time("2024-08-2é"), Err(InvalidDate));
    }

    #[test]
    fn days_compare_by_the_calendar() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        assert!(day("2025-12-31") < day("2026-01-01"));
        assert!(day("2026-01-31") < day("2026-02-01"));
    }
}
