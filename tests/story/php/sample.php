<?php
$DEBUG = false;
$crlf = "\r\n";
$data_in = '';
// hodnoty pro testovací server – doplňte váš požadovaný server
$host = 'ssl://'.'dev.premier.cz';
// ID účetní jednotky
$iduj = '3ce17312-8dbd-49a0-94d3-2e01b65e4173';
// číslo portu
$port = 12375;
// vlastní příkaz
$data = '{"select": "select top 10 * from partnery"}';
$odpoved = sendAndRec($data);
// výpis vrácených hodnot nebo případné chyby
if ($odpoved->status == 200){
    echo 'Status: '.$odpoved->content->result.'<br>' ;
    echo 'CommandIn: '.$odpoved->content->commandin.'<br>';
    if ($odpoved->content->error != null) {
        echo 'Chyba: '.json_encode((array)$odpoved->content->error).'<br>';
    }
    if ($odpoved->content->warning != null ){
        echo 'Varování: '.json_encode((array)$odpoved->content->warning).'<br>';
    }
    if ($odpoved->content->data != null ){
        echo 'Data: <br>';
        echo json_encode((array)$odpoved->content->data, JSON_PRETTY_PRINT);
    }
}
else {
    echo $odpoved->status ;
}
// funkce pro odeslání požadavku
function sendAndRec($data){
    global $DEBUG, $crlf,$host,$port,$iduj ;
    $response = "";
    // vytvorim objekt pre vysledok
    $urlinfo = new stdClass;
    $urlinfo->status = 0 ;
    $urlinfo->errstr = '';
    $errno = 0;
    $errstr = '';
    try{
        $fp = fsockopen($host, $port, $errno, $errstr, 30);
    }
    catch(\Exception $ex) {
        //used back-slash for global namespace
        array_push($errors, $errstr);
    }
    if ($fp) {
        $msg = 'POST /api/comm HTTP/1.1' . "\r\n";
        $msg .= 'Content-Type: application/json; charset=utf-8' . $crlf;
        $msg .= 'Content-Length: ' . strlen($data) . $crlf;
        $msg .= 'ID-UJ: '. $iduj . $crlf;
        $msg .= 'Host: ' . $host . $crlf;
        $msg .= 'Connection: close' . $crlf . $crlf;
        $msg .= $data;
        $_SESSION['data_out'] = $msg;
        if (fwrite($fp, $msg) ) {
            while ( !feof($fp) ) {
                $response .= fgets($fp, 1024);
            }
        }
        fclose($fp);
    }
    else {
        $response = false;
    }
    if ($response===false){
        $urlinfo->errstr = 'chyba připojení';
        return $urlinfo;
    }
    $lines = explode(PHP_EOL, $response);
    $code = trim(substr($lines[0],9,4));
    // if no status code default to 400 = Bad Request
    if(empty($code) || !is_numeric($code)){
        $code = 400;
    }
    if ($code!=200){
        $urlinfo->status = $code ;
        $urlinfo->errstr = 'chybný status stránky';
        return $urlinfo;
    }
    $result = explode("\r\n\r\n", $response, 2);
    $header = isset($result[0]) ? $result[0] : '';
    // parse headers
    $headers = array();
    $lines = explode($crlf, $header);
    foreach ($lines as $line) {
        if (($pos = strpos($line, ':')) !== false) {
            $headers[strtolower(trim(substr($line, 0, $pos)))] = trim(substr($line, $pos + 1));
        }
    }
    // načtu info o HTTP
    $urlinfo->status = $code ;
    $urlinfo->header = $headers;
    $urlinfo->content_type = get_content_type($result[0]);
    // načtu data
    $url_data = new stdClass;
    $content = isset($result[1]) ? $result[1] : '';
    $jsonobj = json_decode($content);
    $url_data->result = isset($jsonobj->Result) ? $jsonobj->Result : '' ;
    $url_data->commandin = isset($jsonobj->CommandIn) ? $jsonobj->CommandIn : '';
    $url_data->error = isset($jsonobj->Error) ? $jsonobj->Error : '';
    $url_data->warning = isset($jsonobj->Warning) ? $jsonobj->Warning : '';
    $url_data->data = isset($jsonobj->Data) ? $jsonobj->Data : '';
    // zapíšu data
    $urlinfo->content = $url_data;
    $urlinfo->json_out = $msg ;
    $urlinfo->data_in = $response;
    return $urlinfo;
}
// zkontroluje záhlaví content-type, pro správné zobrazení obrázků
function get_content_type($headers){
    $content_type = "";
    if(!empty($headers)){
        $headerarray = explode("\r\n", $headers);
        foreach($headerarray as $head){
            // echo "header item = ".$head;
            if(preg_match("/Content-Type: .+$/i",$head)){
                $content_type = $head;
                break;
            }
        }
    }
    return $content_type ;
}
?>
