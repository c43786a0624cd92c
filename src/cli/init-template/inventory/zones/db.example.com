; The zone example.com. Its serial is managed: whatever stands here is replaced by one that rises with every change.
$TTL 3600
@        IN SOA   ns1 hostmaster 1 7200 900 1209600 300
         IN NS    ns1
         IN NS    ns2
ns1      IN A     192.0.2.11
ns2      IN A     192.0.2.12
www      IN A     192.0.2.80
