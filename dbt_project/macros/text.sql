{# Values joined by ", " in their own order, NULLs left out. #}
{% macro ordered_list(expression) -%}
    {{ return(adapter.dispatch('ordered_list', 'tieout')(expression)) }}
{%- endmacro %}

{% macro default__ordered_list(expression) -%}
    string_agg({{ expression }}, ', ' order by {{ expression }})
{%- endmacro %}

{% macro spark__ordered_list(expression) -%}
    array_join(sort_array(collect_list({{ expression }})), ', ')
{%- endmacro %}

{# The texts of ranks 1 to count joined by ", "; an aggregate, each rank once in its group. #}
{% macro first_texts(text, rank, count) -%}
    max(case when {{ rank }} = 1 then {{ text }} end)
    {%- for number in range(2, count + 1) %}
    || coalesce(', ' || max(case when {{ rank }} = {{ number }} then {{ text }} end), '')
    {%- endfor %}
{%- endmacro %}

{#
  Whether a text is a whole number in a range; false for NULL and whatever else it says. A cast to an integer would round
  '10.5' in one engine and refuse it in another.
#}
{% macro is_whole_number(text, low, high=none) -%}
    {%- set number = 'try_cast(' ~ text ~ ' as decimal(24, 6))' -%}
    coalesce(
        {{ number }} >= {{ low }}
        and {{ number }} = floor({{ number }})
        {%- if high is not none %}
        and {{ number }} <= {{ high }}
        {%- endif %},
        false
    )
{%- endmacro %}

{# What follows the last separator in a text, without spaces around it; the whole text where there is none. #}
{% macro last_part(text, separator) -%}
    {{ return(adapter.dispatch('last_part', 'tieout')(text, separator)) }}
{%- endmacro %}

{% macro default__last_part(text, separator) -%}
    trim(split_part({{ text }}, '{{ separator }}', -1))
{%- endmacro %}

{% macro spark__last_part(text, separator) -%}
    trim(substring_index({{ text }}, '{{ separator }}', -1))
{%- endmacro %}

{# One row per part of a text between separators, one character each; stands alone in a select list. #}
{% macro split_to_rows(text, separator) -%}
    {{ return(adapter.dispatch('split_to_rows', 'tieout')(text, separator)) }}
{%- endmacro %}

{% macro default__split_to_rows(text, separator) -%}
    unnest(string_split({{ text }}, '{{ separator }}'))
{%- endmacro %}

{% macro spark__split_to_rows(text, separator) -%}
    explode(split({{ text }}, '[{{ separator }}]'))
{%- endmacro %}

{# Whether a text is a time of day, HH:MM; 24:59 passes and is for who knows the end of the day to refuse. #}
{% macro is_time_of_day(text) -%}
    (
        {{ is_whole_number("split_part(" ~ text ~ ", ':', 1)", 0, 24) }}
        and {{ is_whole_number("split_part(" ~ text ~ ", ':', 2)", 0, 59) }}
        and coalesce(split_part({{ text }}, ':', 3) = '', false)
    )
{%- endmacro %}

{#
  The path of a web address in small letters: without scheme and host, query and fragment, and without a slash at its end
  ('' is the first page). An address without a scheme is a path already.
#}
{% macro url_path(url) -%}
    {%- set address = "split_part(split_part(lower(trim(" ~ url ~ ")), '?', 1), '#', 1)" -%}
    {%- set behind_scheme = "split_part(" ~ address ~ ", '://', 2)" -%}
    {%- set path -%}
    case
            when {{ address }} like '%://%'
                then substring({{ behind_scheme }}, length(split_part({{ behind_scheme }}, '/', 1)) + 1)
            else {{ address }}
        end
    {%- endset -%}
    case
        when {{ path }} like '%/' then substring({{ path }}, 1, length({{ path }}) - 1)
        else {{ path }}
    end
{%- endmacro %}

{# Whether an address is what an erasure put in the place of a person's. #}
{% macro is_erased_address(address) -%}
    coalesce({{ address }} like 'erased-%@%', false)
{%- endmacro %}

{#
  A number as people type it, DECIMAL(18,4), half away from zero: plain digits, also with a comma after every three
  (12,000.00). The text has no spaces around it. NULL for whatever else it says: what could be read in two ways is not
  guessed, and neither is 12k.
#}
{% macro typed_number(text) -%}
    {%- set whole = "split_part(" ~ text ~ ", '.', 1)" -%}
    case
        when
            {{ text }} not like '%,%'
            or (
                split_part({{ text }}, '.', 2) not like '%,%'
                and length(replace(split_part({{ whole }}, ',', 1), '-', '')) >= 1
                and length(replace(split_part({{ whole }}, ',', 1), '-', '')) <= 3
                and length(split_part({{ whole }}, ',', 2)) = 3
                {%- for group in [3, 4, 5] %}
                and length(split_part({{ whole }}, ',', {{ group }})) in (0, 3)
                {%- endfor %}
                and {{ whole }} not like '%,'
                and {{ whole }} not like '%,,%'
                and split_part({{ whole }}, ',', 6) = ''
            )
            then try_cast(
                round(try_cast(replace({{ text }}, ',', '') as decimal(38, 6)), 4) as decimal(18, 4)
            )
    end
{%- endmacro %}

{# A number of people as people type it, DECIMAL(18,4); NULL for what is none, as one below 0 is. #}
{% macro typed_count(text) -%}
    {%- set number = typed_number('trim(' ~ text ~ ')') -%}
    case when {{ number }} >= 0 then {{ number }} end
{%- endmacro %}

{# An amount as people type it: a number, before or behind it the currency (a column: USD, or its sign). #}
{% macro typed_amount(text, currency_code) -%}
    {%- set sign = "case " ~ currency_code
        ~ " when 'USD' then '$' when 'EUR' then '€' when 'GBP' then '£' else " ~ currency_code ~ " end" -%}
    {{ typed_number(
        "trim(replace(replace(upper(trim(" ~ text ~ ")), " ~ currency_code ~ ", ''), " ~ sign ~ ", ''))"
    ) }}
{%- endmacro %}
