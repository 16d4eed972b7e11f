-- A record is of the account of the one that stands for it, which stands for itself;
-- each billing customer is of one account, which is a published one.
with

members as (

    select * from {{ ref('dim_account_members') }}

),

accounts as (

    select * from {{ ref('dim_accounts') }}

)

select
    members.source_system,
    members.object_type,
    members.source_id,
    members.account_id,
    members.surviving_id,
    survivors.account_id as account_id_of_survivor,
    survivors.surviving_id as survivor_of_survivor
from members
left join members as survivors
    on
        members.source_system = survivors.source_system
        and members.object_type = survivors.object_type
        and members.surviving_id = survivors.source_id
left join accounts
    on members.account_id = accounts.account_id
where
    survivors.source_id is null
    or survivors.surviving_id <> survivors.source_id
    or members.account_id is distinct from survivors.account_id
    or (members.account_id is not null and accounts.account_id is null)
    or (members.account_id is null and members.object_type in ('customer', 'company'))
