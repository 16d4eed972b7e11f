-- Grain: one row.
-- How far the billing export reaches: its newest sync stamp; where the connector writes
-- none, the newest `created`.
{%- set stamped_models = [
    'balance_transactions', 'charges', 'coupons', 'credit_note_line_items',
    'credit_notes', 'customers', 'discounts', 'disputes', 'fees', 'invoice_line_items',
    'invoices', 'payouts', 'plans', 'price_tiers', 'prices', 'products', 'refunds',
    'subscription_discounts', 'subscription_items', 'subscriptions'
] %}
{%- set undated_models = [
    'coupons', 'credit_note_line_items', 'discounts', 'fees', 'invoice_line_items',
    'payouts', 'price_tiers', 'subscription_discounts'
] %}
with

newest_stamps as (

    {%- for entity in stamped_models %}
    select
        max(synced_at) as newest_synced_at,
        {%- if entity in undated_models %}
        cast(null as timestamp) as newest_created_at
        {%- else %}
        max(created_at) as newest_created_at
        {%- endif %}
    from {{ ref('stg_billing__' ~ entity) }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

),

final as (

    select
        max(newest_synced_at) as newest_synced_at,
        max(newest_created_at) as newest_created_at,
        coalesce(max(newest_synced_at), max(newest_created_at)) as data_clock_at
    from newest_stamps

)

select * from final
