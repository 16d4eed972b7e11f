"""The smallest landing folder that loads, and ways to spoil it.

Add a table here when several tests need it. Nothing is imported from the loader; what a test checks stays in
the test.
"""

from __future__ import annotations

from pathlib import Path

BILLING = {
    "customer": (
        "id,email,created,currency,_fivetran_synced\n"
        "cus_1,one@example.com,2024-01-01T09:00:00Z,usd,2024-03-01T03:00:00Z\n"
        "cus_2,two@example.com,2024-01-02T09:00:00Z,usd,2024-03-01T03:00:00Z\n"
    ),
    "price": "id,product_id,currency,unit_amount,recurring_interval\nprice_1,prod_1,usd,1000,month\n",
    "subscription": "id,customer_id,status,created\nsub_1,cus_1,active,2024-01-01T09:00:00Z\n",
    "invoice": (
        "id,customer_id,subscription_id,status,currency,total,created\n"
        "in_1,cus_1,sub_1,paid,usd,1000,2024-01-01T09:00:00Z\n"
        "in_2,cus_2,,open,usd,2000,2024-02-01T09:00:00Z\n"
    ),
    "invoice_line_item": (
        "id,invoice_id,subscription_id,price_id,type,amount,currency,quantity,proration,period_start,"
        "period_end\n"
        "il_1,in_1,sub_1,price_1,subscription,1000,usd,1,false,2024-01-01T00:00:00Z,2024-02-01T00:00:00Z\n"
        "il_2,in_2,,price_1,invoiceitem,2000,usd,2,false,2024-02-01T00:00:00Z,2024-03-01T00:00:00Z\n"
    ),
}


def write_landing(folder: Path, **tables: str | bytes | None) -> Path:
    """Write the billing tables below ``folder``; a keyword replaces a table's text, None leaves it out."""
    for table, text in {**BILLING, **tables}.items():
        if text is not None:
            put(folder, f"billing/{table}.csv", text)
    return folder


def put(folder: Path, name: str, contents: str | bytes) -> Path:
    """Write one file of a landing folder."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(contents.encode() if isinstance(contents, str) else contents)
    return path
