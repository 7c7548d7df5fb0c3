-- The end of release 0.2.0.

insert into clerk_sync.releases (version) values ('0.2.0');
