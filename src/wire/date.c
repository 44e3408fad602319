/* SPDX-License-Identifier: Apache-2.0 */
/* Times of the wire: the Gregorian calendar in 32-bit numbers. */
#include "wire/date.h"

#include "base/bytes.h"
#include "base/text.h"

#if WMBT_CFG_SIGV4

#    define WMBT_DATE_DAY_SECONDS 86400u
#    define WMBT_DATE_EPOCH_YEAR 1970u
#    define WMBT_DATE_DAYS_LIMIT 2932897u /* 1970-01-01 to 10000-01-01 */
#    define WMBT_DATE_DAYS_BITS 22u       /* of numbers below that limit */

/* Divisions by products, exact for years below 10,000: small machines have no divider. */
static uint32_t wmbt_date_century(uint32_t year)
{
    return year * 5243u >> 19;
}

/* A century's year is a leap year if it is a multiple of 16, and so of 400. */
static uint32_t wmbt_date_year_days(uint32_t year)
{
    bool leap = (year & 3u) == 0u && (wmbt_date_century(year) * 100u != year || (year & 15u) == 0u);
    return leap ? 366u : 365u;
}

/* 31 days: January, March, May, July, August, October, December. */
static uint32_t wmbt_date_month_days(uint32_t year, uint32_t month)
{
    if (month == 2u) {
        return wmbt_date_year_days(year) - 337u;
    }
    return 30u + ((month + (month >> 3)) & 1u);
}

static void wmbt_date_two_digits(uint8_t *out, uint32_t v)
{
    uint32_t tens = v * 103u >> 10; /* v is below 100 */
    out[0] = (uint8_t)((uint32_t)'0' + tens);
    out[1] = (uint8_t)((uint32_t)'0' + v - 10u * tens);
}

/* *v / unit, which is small; the rest stays. */
static uint32_t wmbt_date_split(uint32_t *v, uint32_t unit)
{
    uint32_t n = 0;
    for (; *v >= unit; n++) {
        *v -= unit;
    }
    return n;
}

bool wmbt_date_basic(uint64_t seconds, uint8_t out[WMBT_DATE_BASIC_BYTES])
{
    uint64_t step = (uint64_t)WMBT_DATE_DAY_SECONDS << WMBT_DATE_DAYS_BITS;
    uint32_t days = 0;
    if (seconds >= step) {
        return false;
    }
    for (unsigned i = 0; i < WMBT_DATE_DAYS_BITS; i++) { /* divides, a bit at a time */
        step >>= 1;
        days <<= 1;
        if (seconds >= step) {
            seconds -= step;
            days |= 1u;
        }
    }
    if (days >= WMBT_DATE_DAYS_LIMIT) {
        return false;
    }
    uint32_t second = (uint32_t)seconds, year = WMBT_DATE_EPOCH_YEAR, month = 1, length;
    for (; days >= (length = wmbt_date_year_days(year)); year++) {
        days -= length;
    }
    for (; days >= (length = wmbt_date_month_days(year, month)); month++) {
        days -= length;
    }
    uint32_t century = wmbt_date_century(year);
    wmbt_date_two_digits(out, century);
    wmbt_date_two_digits(out + 2, year - 100u * century);
    wmbt_date_two_digits(out + 4, month);
    wmbt_date_two_digits(out + 6, days + 1u);
    out[8] = (uint8_t)'T';
    wmbt_date_two_digits(out + 9, wmbt_date_split(&second, 3600));
    wmbt_date_two_digits(out + 11, wmbt_date_split(&second, 60));
    wmbt_date_two_digits(out + 13, second);
    out[15] = (uint8_t)'Z';
    return true;
}

/* Two digits below `limit`. */
static bool wmbt_date_number(const uint8_t *p, uint32_t limit, uint32_t *v)
{
    if (!wmbt_text_is_digit(p[0]) || !wmbt_text_is_digit(p[1])) {
        return false;
    }
    *v = 10u * ((uint32_t)p[0] - '0') + (uint32_t)p[1] - '0';
    return *v < limit;
}

bool wmbt_date_read_http(wmbt_view text, uint64_t *seconds)
{
    static const char form[] = "???, ?? ??? ???? ??:??:?? GMT";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const uint8_t *p = text.data;
    uint32_t day, century, year, hour, minute, second, month = 0;
    if (text.len != sizeof form - 1u) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (form[i] != '?' && p[i] != (uint8_t)form[i]) {
            return false;
        }
    }
    while (!wmbt_bytes_equal(p + 8, (const uint8_t *)months + 3u * month, 3)) {
        if (++month == 12u) {
            return false;
        }
    }
    month++;
    if (!wmbt_date_number(p + 5, 32, &day) || !wmbt_date_number(p + 12, 100, &century) ||
        !wmbt_date_number(p + 14, 100, &year) || !wmbt_date_number(p + 17, 24, &hour) ||
        !wmbt_date_number(p + 20, 60, &minute) || !wmbt_date_number(p + 23, 61, &second)) {
        return false;
    }
    year += 100u * century;
    if (year < WMBT_DATE_EPOCH_YEAR || day == 0u || day > wmbt_date_month_days(year, month)) {
        return false;
    }
    uint32_t days = day - 1u;
    for (uint32_t y = WMBT_DATE_EPOCH_YEAR; y < year; y++) {
        days += wmbt_date_year_days(y);
    }
    for (uint32_t m = 1; m < month; m++) {
        days += wmbt_date_month_days(year, m);
    }
    /* days below 2^22: the product by halves, since not every target has a wide one */
    uint32_t low = (days & 0x7FFu) * WMBT_DATE_DAY_SECONDS;      /* below 2^28 */
    uint32_t high = (days >> 11) * (WMBT_DATE_DAY_SECONDS >> 7); /* 86,400 = 675 x 2^7 */
    *seconds = ((uint64_t)high << 18) + low + 3600u * hour + 60u * minute + second;
    return true;
}

#endif
