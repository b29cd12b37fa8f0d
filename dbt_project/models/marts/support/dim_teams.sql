select
    source,
    team_id,
    team
from {{ ref('teams') }}
